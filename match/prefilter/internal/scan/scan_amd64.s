//go:build amd64 && !purego

#include "textflag.h"

DATA lineFeed<>+0(SB)/8, $0x0a0a0a0a0a0a0a0a
DATA lineFeed<>+8(SB)/8, $0x0a0a0a0a0a0a0a0a
DATA lineFeed<>+16(SB)/8, $0x0a0a0a0a0a0a0a0a
DATA lineFeed<>+24(SB)/8, $0x0a0a0a0a0a0a0a0a
GLOBL lineFeed<>(SB), RODATA|NOPTR, $32

DATA closes<>+0(SB)/8, $0x7d7d7d7d7d7d7d7d
DATA closes<>+8(SB)/8, $0x7d7d7d7d7d7d7d7d
DATA closes<>+16(SB)/8, $0x7d7d7d7d7d7d7d7d
DATA closes<>+24(SB)/8, $0x7d7d7d7d7d7d7d7d
GLOBL closes<>(SB), RODATA|NOPTR, $32

DATA opens<>+0(SB)/8, $0x7b7b7b7b7b7b7b7b
DATA opens<>+8(SB)/8, $0x7b7b7b7b7b7b7b7b
DATA opens<>+16(SB)/8, $0x7b7b7b7b7b7b7b7b
DATA opens<>+24(SB)/8, $0x7b7b7b7b7b7b7b7b
GLOBL opens<>(SB), RODATA|NOPTR, $32

DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+16(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibble<>(SB), RODATA|NOPTR, $32

// HALVES loads the bytes at offset o and parts them into nibbles.
#define HALVES(o, low, high) \
	VMOVDQU o(SI)(AX*1), low; \
	VPSRLW  $4, low, high;    \
	VPAND   Y15, low, low;    \
	VPAND   Y15, high, high

// BOTH looks the nibbles of offset o up in the tables at DX and leaves in to the
// buckets that take them.
#define BOTH(o, low, high, to) \
	VMOVDQU (o*64)(DX), to;       \
	VMOVDQU (o*64+32)(DX), Y14;   \
	VPSHUFB low, to, to;          \
	VPSHUFB high, Y14, Y14;       \
	VPAND   to, Y14, to

// func sweepAVX2(p *byte, turns int, tables *byte, sets int, lines int, hits *Hit, room int) (turn int, found int, ends int)
//
// SI, AX    the block, and the first of the 32 places looked at
// CX        the AX behind the last turn
// DI, R8    the tables and how many sets there are; DX, BX count them
// R9        lines
// R10, R11  the next hit, and for how many more there is room
// R12       line ends
// R13       places with a line end behind them
// Y0-Y9     low and high nibbles of the bytes at the five offsets; in pass, the
//           tables of three offsets, then scratch
// Y10       the buckets of which a mark may begin
// Y11-Y14   scratch; in pass, line feeds and R9 everywhere
//
// Hot loop, defended by bench's rows kernel-avx2-1 and kernel-generic-1.
TEXT ·sweepAVX2(SB), NOSPLIT, $0-80
	MOVQ    p+0(FP), SI
	MOVQ    turns+8(FP), CX
	MOVQ    tables+16(FP), DI
	MOVQ    sets+24(FP), R8
	MOVQ    lines+32(FP), R9
	MOVQ    hits+40(FP), R10
	MOVQ    room+48(FP), R11
	SHLQ    $5, CX
	XORQ    AX, AX
	XORQ    R12, R12
	VMOVDQU nibble<>(SB), Y15

next:
	CMPQ R8, $1
	JNE  turn

	// One set: few places pass three offsets, whose tables fit into registers.
	VMOVDQU      0(DI), Y0
	VMOVDQU      32(DI), Y1
	VMOVDQU      64(DI), Y2
	VMOVDQU      96(DI), Y3
	VMOVDQU      128(DI), Y4
	VMOVDQU      160(DI), Y5
	VMOVDQU      lineFeed<>(SB), Y12
	VMOVQ        R9, X13
	VPBROADCASTQ X13, Y13

pass:
	CMPQ       AX, CX
	JGE        done
	PREFETCHT0 2048(SI)(AX*1)
	VPCMPEQB   1(SI)(AX*1), Y12, Y11
	VPAND      Y11, Y13, Y11
	HALVES(0, Y6, Y7)
	VPSHUFB    Y6, Y0, Y6
	VPSHUFB    Y7, Y1, Y7
	VPAND      Y6, Y7, Y10
	HALVES(1, Y6, Y7)
	VPSHUFB    Y6, Y2, Y6
	VPSHUFB    Y7, Y3, Y7
	VPAND      Y6, Y7, Y6
	VPAND      Y6, Y10, Y10
	HALVES(2, Y6, Y7)
	VPSHUFB    Y6, Y4, Y6
	VPSHUFB    Y7, Y5, Y7
	VPAND      Y6, Y7, Y6
	VPAND      Y6, Y10, Y10
	VPOR       Y11, Y10, Y10
	VPTEST     Y10, Y10
	JNZ        turn
	ADDQ       $32, AX
	JMP        pass

turn:
	CMPQ       AX, CX
	JGE        done
	PREFETCHT0 2048(SI)(AX*1)

	VMOVDQU   1(SI)(AX*1), Y12
	VPCMPEQB  lineFeed<>(SB), Y12, Y12
	VPMOVMSKB Y12, R13
	ANDL      R9, R13

	HALVES(0, Y0, Y1)
	HALVES(1, Y2, Y3)
	HALVES(2, Y4, Y5)
	HALVES(3, Y6, Y7)
	HALVES(4, Y8, Y9)
	VPXOR Y10, Y10, Y10
	MOVQ  DI, DX
	MOVQ  R8, BX

set:
	BOTH(0, Y0, Y1, Y11)
	BOTH(1, Y2, Y3, Y12)
	VPAND Y11, Y12, Y11
	BOTH(2, Y4, Y5, Y12)
	BOTH(3, Y6, Y7, Y13)
	VPAND Y12, Y13, Y12
	VPAND Y11, Y12, Y11
	BOTH(4, Y8, Y9, Y12)
	VPAND Y11, Y12, Y11
	VPOR  Y11, Y10, Y10
	ADDQ  $320, DX
	DECQ  BX
	JNZ   set

	VPXOR     Y11, Y11, Y11
	VPCMPEQB  Y10, Y11, Y10
	VPMOVMSKB Y10, BX
	NOTL      BX
	MOVL      BX, DX
	ORL       R13, DX
	JNZ       may
	ADDQ      $32, AX
	JMP       next

may:
	TESTL R13, R13
	JZ    hit

	// Line ends are rare enough to look only here what stands around them.
	POPCNTL   R13, DX
	ADDQ      DX, R12
	VMOVDQU   0(SI)(AX*1), Y11
	VPCMPEQB  closes<>(SB), Y11, Y11
	VMOVDQU   2(SI)(AX*1), Y12
	VPCMPEQB  opens<>(SB), Y12, Y12
	VPAND     Y11, Y12, Y11
	VPMOVMSKB Y11, DX
	NOTL      DX
	ANDL      R13, DX
	ORL       DX, BX
	JNZ       hit
	ADDQ      $32, AX
	JMP       next

hit:
	MOVQ AX, 0(R10)
	MOVQ BX, 8(R10)
	ADDQ $16, R10
	ADDQ $32, AX
	DECQ R11
	JNZ  next

done:
	SHRQ $5, AX
	MOVQ AX, turn+56(FP)
	MOVQ room+48(FP), BX
	SUBQ R11, BX
	MOVQ BX, found+64(FP)
	MOVQ R12, ends+72(FP)
	VZEROUPPER
	RET

// The matrix that moves the bits of a byte to where index has them.
DATA fold<>+0(SB)/8, $0x0102040810400000
GLOBL fold<>(SB), RODATA|NOPTR, $8

// func sweepAVX512(p *byte, turns int, tables *byte, sets int, lines int, hits *Hit, room int) (turn int, found int, ends int)
//
// SI, AX    the block, and the first of the 64 places looked at
// CX        the AX behind the last turn
// DI, R8    the tables behind the first set and how many sets; DX, BX count them
// R10, R11  the next hit, and for how many more there is room
// R12       line ends
// Z4        the matrix of index
// Z5-Z7     line feeds, } and {
// Z8-Z12    the bytes at the five offsets, then their entries
// Z13-Z15   scratch
// Z16       the buckets of which a mark may begin
// Z17-Z21   the tables of the first set
// K1-K3     line ends, those between } and {, the others
// K7        lines
//
// VPERMB takes the low six bits of each byte as the index of a table with 64
// entries, which the matrix has put there. Hot loop, defended by bench's rows
// kernel-avx-512-1 and kernel-avx2-1.
TEXT ·sweepAVX512(SB), NOSPLIT, $0-80
	MOVQ  p+0(FP), SI
	MOVQ  turns+8(FP), CX
	MOVQ  tables+16(FP), DI
	MOVQ  sets+24(FP), R8
	MOVQ  lines+32(FP), BX
	KMOVQ BX, K7
	MOVQ  hits+40(FP), R10
	MOVQ  room+48(FP), R11
	SHLQ  $6, CX
	XORQ  AX, AX
	XORQ  R12, R12

	VPBROADCASTQ fold<>(SB), Z4
	VPBROADCASTQ lineFeed<>(SB), Z5
	VPBROADCASTQ closes<>(SB), Z6
	VPBROADCASTQ opens<>(SB), Z7
	VMOVDQU64    0(DI), Z17
	VMOVDQU64    64(DI), Z18
	VMOVDQU64    128(DI), Z19
	VMOVDQU64    192(DI), Z20
	VMOVDQU64    256(DI), Z21
	ADDQ         $320, DI
	DECQ         R8

turn:
	CMPQ       AX, CX
	JGE        done
	PREFETCHT0 1536(SI)(AX*1)
	VMOVDQU64  0(SI)(AX*1), Z8
	VMOVDQU64  1(SI)(AX*1), Z9
	VMOVDQU64  2(SI)(AX*1), Z10
	VMOVDQU64  3(SI)(AX*1), Z11
	VMOVDQU64  4(SI)(AX*1), Z12

	VPCMPEQB Z9, Z5, K7, K1
	VPCMPEQB Z8, Z6, K1, K2
	VPCMPEQB Z10, Z7, K2, K2
	KANDNQ   K1, K2, K3
	KMOVQ    K1, BX
	POPCNTQ  BX, BX
	ADDQ     BX, R12

	VGF2P8AFFINEQB $0, Z4, Z8, Z8
	VGF2P8AFFINEQB $0, Z4, Z9, Z9
	VGF2P8AFFINEQB $0, Z4, Z10, Z10
	VGF2P8AFFINEQB $0, Z4, Z11, Z11
	VGF2P8AFFINEQB $0, Z4, Z12, Z12
	VPERMB         Z17, Z8, Z16
	VPERMB         Z18, Z9, Z14
	VPERMB         Z19, Z10, Z15
	VPTERNLOGQ     $0x80, Z14, Z15, Z16 // the and of the three
	VPERMB         Z20, Z11, Z14
	VPERMB         Z21, Z12, Z15
	VPTERNLOGQ     $0x80, Z14, Z15, Z16
	TESTQ          R8, R8
	JZ             all
	MOVQ           DI, DX
	MOVQ           R8, BX

set:
	VPERMB     0(DX), Z8, Z13
	VPERMB     64(DX), Z9, Z14
	VPERMB     128(DX), Z10, Z15
	VPTERNLOGQ $0x80, Z14, Z15, Z13
	VPERMB     192(DX), Z11, Z14
	VPERMB     256(DX), Z12, Z15
	VPTERNLOGQ $0x80, Z14, Z15, Z13
	VPORQ      Z13, Z16, Z16
	ADDQ       $320, DX
	DECQ       BX
	JNZ        set

all:
	VPTESTMB Z16, Z16, K4
	KORTESTQ K3, K4
	JNZ      may
	ADDQ     $64, AX
	JMP      turn

may:
	// No mark begins with a byte from 0x80 on, which the matrix made ASCII.
	VMOVDQU64 0(SI)(AX*1), Z8
	VPMOVB2M  Z8, K5
	KANDNQ    K4, K5, K4
	KORQ      K3, K4, K4
	KMOVQ     K4, BX
	TESTQ     BX, BX
	JZ        on
	MOVQ      AX, 0(R10)
	MOVQ      BX, 8(R10)
	ADDQ      $16, R10
	DECQ      R11
	JZ        full

on:
	ADDQ $64, AX
	JMP  turn

full:
	ADDQ $64, AX

done:
	SHRQ $6, AX
	MOVQ AX, turn+56(FP)
	MOVQ room+48(FP), BX
	SUBQ R11, BX
	MOVQ BX, found+64(FP)
	MOVQ R12, ends+72(FP)
	VZEROUPPER
	RET

//go:build amd64 && !purego

#include "textflag.h"

// SPLAT fills a YMM register with one byte.
#define SPLAT(c, x, y) \
	MOVL         $c, BX;  \
	VMOVD        BX, x;   \
	VPBROADCASTB x, y

// NEXT narrows the positions in Y14 to those where the byte at offset o is c.
#define NEXT(o, c) \
	VPCMPEQB o(SI)(AX*1), c, Y13; \
	VPAND    Y13, Y14, Y14

// func indexAVX2(p *byte, n int, lit uint32) (index int, found int)
//
// SI, AX   the block, and the first of the 32 positions looked at
// CX       the last AX at which a window of 35 bytes fits
// Y0-Y3    the four bytes of the literal
// Y4-Y11   \ u 0 & # < ! ?
// Y12      the bytes at the positions
// Y13, Y14 scratch
// Y15      the positions where a mark begins
//
// Hot loop, defended by bench's rows gate-avx2-1 and gate-generic-1.
TEXT ·indexAVX2(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	SUBQ $35, CX
	MOVL lit+16(FP), DX

	VMOVD        DX, X0
	VPBROADCASTB X0, Y0
	SHRL         $8, DX
	VMOVD        DX, X1
	VPBROADCASTB X1, Y1
	SHRL         $8, DX
	VMOVD        DX, X2
	VPBROADCASTB X2, Y2
	SHRL         $8, DX
	VMOVD        DX, X3
	VPBROADCASTB X3, Y3
	SPLAT(0x5c, X4, Y4)
	SPLAT(0x75, X5, Y5)
	SPLAT(0x30, X6, Y6)
	SPLAT(0x26, X7, Y7)
	SPLAT(0x23, X8, Y8)
	SPLAT(0x3c, X9, Y9)
	SPLAT(0x21, X10, Y10)
	SPLAT(0x3f, X11, Y11)
	XORQ AX, AX

loop:
	CMPQ       AX, CX
	JGT        none
	PREFETCHT0 1024(SI)(AX*1)
	VMOVDQU    0(SI)(AX*1), Y12

	// <! and <?
	VPCMPEQB 1(SI)(AX*1), Y10, Y13
	VPCMPEQB 1(SI)(AX*1), Y11, Y14
	VPOR     Y13, Y14, Y15
	VPCMPEQB Y9, Y12, Y14
	VPAND    Y14, Y15, Y15

	// &#
	VPCMPEQB Y7, Y12, Y14
	NEXT(1, Y8)
	VPOR     Y14, Y15, Y15

	// \u00
	VPCMPEQB Y4, Y12, Y14
	NEXT(1, Y5)
	NEXT(2, Y6)
	NEXT(3, Y6)
	VPOR     Y14, Y15, Y15

	// the literal
	VPCMPEQB Y0, Y12, Y14
	NEXT(1, Y1)
	NEXT(2, Y2)
	NEXT(3, Y3)
	VPOR     Y14, Y15, Y15

	VPMOVMSKB Y15, BX
	TESTL     BX, BX
	JNZ       hit
	ADDQ      $32, AX
	JMP       loop

hit:
	BSFL BX, BX
	ADDQ BX, AX
	MOVQ AX, index+24(FP)
	MOVQ $1, found+32(FP)
	VZEROUPPER
	RET

none:
	MOVQ AX, index+24(FP)
	MOVQ $0, found+32(FP)
	VZEROUPPER
	RET

// The matrix that moves the bits of a byte to where index has them.
DATA fold<>+0(SB)/8, $0x0102040810400000
GLOBL fold<>(SB), RODATA|NOPTR, $8

// LOOKUP turns the bytes y into their entries of table t.
#define LOOKUP(t, y) \
	VGF2P8AFFINEQB $0, Z4, y, y; \
	VPERMB         t, y, y

// func indexAVX512(p *byte, n int, t *tables) (index int, found int)
//
// SI, AX   the block, and the first of the 64 positions looked at
// CX       the last AX at which a window of 67 bytes fits
// Z0-Z3    the tables of the four offsets
// Z4       the matrix of index
// Z8-Z11   the bytes at the positions and behind them, then their entries
//
// VPERMB takes the low six bits of each byte as the index of a table with 64
// entries, which the matrix has put there. Hot loop, defended by bench's rows
// gate-avx-512-1 and gate-avx2-1.
TEXT ·indexAVX512(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	SUBQ $67, CX
	MOVQ t+16(FP), DX

	VMOVDQU64    0(DX), Z0
	VMOVDQU64    64(DX), Z1
	VMOVDQU64    128(DX), Z2
	VMOVDQU64    192(DX), Z3
	VPBROADCASTQ fold<>(SB), Z4
	XORQ         AX, AX

wide:
	CMPQ        AX, CX
	JGT         over
	PREFETCHT0  1024(SI)(AX*1)
	VMOVDQU64   0(SI)(AX*1), Z8
	VMOVDQU64   1(SI)(AX*1), Z9
	VMOVDQU64   2(SI)(AX*1), Z10
	VMOVDQU64   3(SI)(AX*1), Z11
	LOOKUP(Z0, Z8)
	LOOKUP(Z1, Z9)
	LOOKUP(Z2, Z10)
	LOOKUP(Z3, Z11)
	VPANDQ      Z8, Z9, Z9
	VPTERNLOGQ  $0x80, Z9, Z10, Z11 // the and of the three
	VPTESTMB    Z11, Z11, K1
	KORTESTQ    K1, K1
	JNZ         may
	ADDQ        $64, AX
	JMP         wide

may:
	// No mark begins with a byte from 0x80 on, which the matrix made ASCII.
	VMOVDQU64 0(SI)(AX*1), Z8
	VPMOVB2M  Z8, K2
	KANDNQ    K1, K2, K1
	KMOVQ     K1, BX
	BSFQ      BX, BX
	JZ        on
	ADDQ   BX, AX
	MOVQ   AX, index+24(FP)
	MOVQ   $1, found+32(FP)
	VZEROUPPER
	RET

on:
	ADDQ $64, AX
	JMP  wide

over:
	MOVQ AX, index+24(FP)
	MOVQ $0, found+32(FP)
	VZEROUPPER
	RET

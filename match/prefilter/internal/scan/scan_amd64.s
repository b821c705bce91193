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
// Hot loop, defended by bench's rows sluice-1 and gate-generic-1.
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

# The same for processors that check where indirect jumps lead to, as Red Hat Enterprise Linux 8 is
# compiled: such a place begins with endbr64. The hook of the profiler is called by its address.
	.section .init, "ax", @progbits
	.p2align 2
	.globl _init
	.hidden _init
	.type _init, @function
_init:
	endbr64
	subq $8, %rsp
	movq __gmon_start__@GOTPCREL(%rip), %rax
	testq %rax, %rax
	je 1f
	call *%rax
1:
	.section .fini, "ax", @progbits
	.p2align 2
	.globl _fini
	.hidden _fini
	.type _fini, @function
_fini:
	endbr64
	subq $8, %rsp

	.weak __gmon_start__
	.section .note.GNU-stack, "", @progbits

# What throws it stands by itself in that archive, in GCC's own beside two others that come along.
	.section	.text.unlikely.__cxa_throw_bad_array_new_length,"ax",@progbits
	.globl	__cxa_throw_bad_array_new_length
	.type	__cxa_throw_bad_array_new_length, @function
__cxa_throw_bad_array_new_length:
	.cfi_startproc
	pushq	%rax
	.cfi_def_cfa_offset 16
	movl	$8, %edi
	call	__cxa_allocate_exception@PLT
	movq	_ZNSt20bad_array_new_lengthD1Ev@GOTPCREL(%rip), %rdx
	movq	_ZTISt20bad_array_new_length@GOTPCREL(%rip), %rsi
	movq	%rax, %rdi
	movq	_ZTVSt20bad_array_new_length@GOTPCREL(%rip), %rax
	addq	$16, %rax
	movq	%rax, (%rdi)
	call	__cxa_throw@PLT
	.cfi_endproc
	.size	__cxa_throw_bad_array_new_length, .-__cxa_throw_bad_array_new_length
	.section	.note.GNU-stack,"",@progbits

# The operator delete that is told a size, which the C++ library has since GCC 5: Red Hat's toolsets
# link it in, from an archive of what is new, where it stands before what is thrown.
	.section	.text._ZdlPvm,"ax",@progbits
	.p2align 4
	.globl	_ZdlPvm
	.type	_ZdlPvm, @function
_ZdlPvm:
	.cfi_startproc
	jmp	_ZdlPv@PLT
	.cfi_endproc
	.size	_ZdlPvm, .-_ZdlPvm
	.section	.note.GNU-stack,"",@progbits

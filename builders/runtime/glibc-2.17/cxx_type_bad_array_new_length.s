# An exception of the C++ library that GCC 4.8's lacks, and Red Hat's toolsets link in, from an archive
# of what is new. That archive calls the operator delete that the older library has.
	.section	.rodata._ZNKSt20bad_array_new_length4whatEv.str1.1,"aMS",@progbits,1
.Lwhat:
	.string	"std::bad_array_new_length"
	.section	.text._ZNKSt20bad_array_new_length4whatEv,"ax",@progbits
	.align 2
	.p2align 4
	.globl	_ZNKSt20bad_array_new_length4whatEv
	.type	_ZNKSt20bad_array_new_length4whatEv, @function
_ZNKSt20bad_array_new_length4whatEv:
	.cfi_startproc
	leaq	.Lwhat(%rip), %rax
	ret
	.cfi_endproc
	.size	_ZNKSt20bad_array_new_length4whatEv, .-_ZNKSt20bad_array_new_length4whatEv
	.section	.text._ZNSt20bad_array_new_lengthD2Ev,"ax",@progbits
	.align 2
	.p2align 4
	.globl	_ZNSt20bad_array_new_lengthD2Ev
	.type	_ZNSt20bad_array_new_lengthD2Ev, @function
_ZNSt20bad_array_new_lengthD2Ev:
	.cfi_startproc
	movq	_ZTVSt20bad_array_new_length@GOTPCREL(%rip), %rax
	addq	$16, %rax
	movq	%rax, (%rdi)
	jmp	_ZNSt9bad_allocD2Ev@PLT
	.cfi_endproc
	.size	_ZNSt20bad_array_new_lengthD2Ev, .-_ZNSt20bad_array_new_lengthD2Ev
	.globl	_ZNSt20bad_array_new_lengthD1Ev
	.set	_ZNSt20bad_array_new_lengthD1Ev,_ZNSt20bad_array_new_lengthD2Ev
	.section	.text._ZNSt20bad_array_new_lengthD0Ev,"ax",@progbits
	.align 2
	.p2align 4
	.globl	_ZNSt20bad_array_new_lengthD0Ev
	.type	_ZNSt20bad_array_new_lengthD0Ev, @function
_ZNSt20bad_array_new_lengthD0Ev:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	movq	%rdi, %rbp
	call	_ZNSt20bad_array_new_lengthD1Ev@PLT
	movq	%rbp, %rdi
	popq	%rbp
	.cfi_def_cfa_offset 8
	jmp	_ZdlPv@PLT
	.cfi_endproc
	.size	_ZNSt20bad_array_new_lengthD0Ev, .-_ZNSt20bad_array_new_lengthD0Ev
	.weak	_ZTSSt20bad_array_new_length
	.section	.rodata._ZTSSt20bad_array_new_length,"aG",@progbits,_ZTSSt20bad_array_new_length,comdat
	.align 16
	.type	_ZTSSt20bad_array_new_length, @object
	.size	_ZTSSt20bad_array_new_length, 25
_ZTSSt20bad_array_new_length:
	.string	"St20bad_array_new_length"
	.weak	_ZTISt20bad_array_new_length
	.section	.data.rel.ro._ZTISt20bad_array_new_length,"awG",@progbits,_ZTISt20bad_array_new_length,comdat
	.align 8
	.type	_ZTISt20bad_array_new_length, @object
	.size	_ZTISt20bad_array_new_length, 24
_ZTISt20bad_array_new_length:
	.quad	_ZTVN10__cxxabiv120__si_class_type_infoE+16
	.quad	_ZTSSt20bad_array_new_length
	.quad	_ZTISt9bad_alloc
	.weak	_ZTVSt20bad_array_new_length
	.section	.data.rel.ro._ZTVSt20bad_array_new_length,"awG",@progbits,_ZTVSt20bad_array_new_length,comdat
	.align 8
	.type	_ZTVSt20bad_array_new_length, @object
	.size	_ZTVSt20bad_array_new_length, 40
_ZTVSt20bad_array_new_length:
	.quad	0
	.quad	_ZTISt20bad_array_new_length
	.quad	_ZNSt20bad_array_new_lengthD1Ev
	.quad	_ZNSt20bad_array_new_lengthD0Ev
	.quad	_ZNKSt20bad_array_new_length4whatEv
	.section	.note.GNU-stack,"",@progbits

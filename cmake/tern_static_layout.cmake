# Writes the linker script of static programs: what every delivery runs, reads and changes is
# together instead of spread over 6 MB. The kernel maps 64 KB around each page that is
# touched, which takes about 3 us, copies each page that is changed, and counts all of it as the
# program's memory. A name that the libraries at hand do not have matches nothing.
set(libc_parts
    brk bsd-_setjmp cacheinfo chdir clock_gettime close connect ctype-info cxa_atexit dl-debug*
    dl-early_allocate dl-find_object dl-load dl-origin
    dl-setup_hash dl-support dl-tls dl-tls_init_tp dl-tunables elision-conf enbl-secure environ
    errlist errlist-data* errno-loc exit _exit fcntl fcntl64 fcntl_nocancel fstat64 fstatat64
    fstatfs64 genops getdents64 getenv geteuid getrandom getrlimit64 getsockname getsockopt
    global-locale inet_pton init-first init-misc ioctl libc-cleanup libc-start libc-tls
    libc_early_init libc_fatal libc_sigaction lowlevellock lseek64 malloc memchr memchr-avx2
    memchr-evex
    memcmp memcmp-avx2-movbe memcmp-evex-movbe memcpy memmove memmove-avx-unaligned-erms
    memmove-avx512-unaligned-erms memmove-evex-unaligned-erms mempcpy memset
    memset-avx2-unaligned-erms memset-avx512-unaligned-erms memset-evex-unaligned-erms mprotect
    open64 poll pread64 pthread_mutex_conf pthread_mutex_lock pthread_mutex_unlock rawmemchr
    read recv sbrk send setjmp setsockopt sigaction sigjmp signal single_threaded socket
    stdfiles stdio stpcpy strcasecmp strcasecmp_l strcat strchr strchr-avx2 strchr-evex
    strchrnul strcmp strcmp-avx2 strcmp-evex strcpy strcspn strcspn-sse4 strdup strerrordesc_np
    strlen strlen-avx2 strlen-evex strncase strncase_l strncmp strncmp-avx2 strncmp-evex strncpy
    strnlen strpbrk strrchr strrchr-avx2 strrchr-evex strsep strspn strstr vars varshift wcslen
    wcsnlen wmemchr wmemset write)
list(TRANSFORM libc_parts REPLACE "(.+)" "*libc.a:\\1.o")
set(busy_parts ${libc_parts}
    *crt1.o *crtbeginT.o *libcrypto.a:libcrypto-lib-*cpuid.o *libgcc_eh.a:unwind-dw2-fde-dip.o
    *libstdc++.a:chrono.o *libstdc++.a:del_op*.o *libstdc++.a:eh_alloc.o *libstdc++.a:new_op*.o
    *libstdc++.a:system_error.o)

# tern_busy_parts(<variable> <patterns of sections>): the lines of these sections in busy_parts
function(tern_busy_parts variable sections)
    list(TRANSFORM busy_parts APPEND "(${sections})" OUTPUT_VARIABLE lines)
    list(JOIN lines "\n        " lines)
    set(${variable} "${lines}" PARENT_SCOPE)
endfunction()

tern_busy_parts(code ".text .text.*")
tern_busy_parts(constants ".rodata .rodata.*")
tern_busy_parts(data ".data .data.[!r]* .data.rel .data.rel.local")
tern_busy_parts(zeros ".bss .bss.* COMMON")

set(list ${CMAKE_CURRENT_LIST_DIR}/tern_busy_functions.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
foreach(kind IN ITEMS plain more)
    file(STRINGS ${list} ${kind}_functions REGEX "^${kind} ")
    list(TRANSFORM ${kind}_functions REPLACE "^${kind} (.+)" ".text.\\1 .text.\\1.*")
    list(JOIN ${kind}_functions "\n          " ${kind}_functions)
endforeach()

# .fini runs at every exit. Ours are the parts that the link-time optimiser writes.
# Tables with addresses are constants where nothing is relocated at the start; the C library's
# alone are written once, before they are protected.
# OpenSSL asks the processor for its features before main(), eight times, each of which takes a
# virtual machine 5 us; OPENSSL_init_crypto, with which we start it, asks as well.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/static_layout.ld @ONLY CONTENT [[
SECTIONS {
    .fini : { KEEP(*(SORT_NONE(.fini))) }
    .text.tern_busy : {
        @code@
        *ltrans*.o(.text.startup* .text.main*)
        *(@plain_functions@)
        *(@more_functions@)
        *ltrans*.o(.text .text.[!u]*)
    }
}
INSERT BEFORE .text;

SECTIONS {
    .rodata.tern_busy : {
        *ltrans*.o(.rodata .rodata.*)
        @constants@
    }
}
INSERT AFTER .rodata;

SECTIONS {
    .rodata.tern_tables (READONLY) : {
        *(EXCLUDE_FILE(*libc.a:*) .data.rel.ro.local* EXCLUDE_FILE(*libc.a:*) .data.rel.ro
          EXCLUDE_FILE(*libc.a:*) .data.rel.ro.*)
    }
}
INSERT AFTER .rodata;

SECTIONS {
    .data.tern_busy : ALIGN(0x1000) {
        @data@
    }
    .bss.tern_busy (NOLOAD) : {
        @zeros@
    }
}
INSERT BEFORE .bss;

SECTIONS {
    /DISCARD/ : { *libcrypto.a:*x86_64cpuid.o(.init) }
}
INSERT BEFORE .init;
]])

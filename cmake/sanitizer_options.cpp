// Part of every program of a sanitizer build, of no other: a finding must end the program by a
// signal, because qmail-rspawn takes an exit status (1, 23) for a permanent failure of the mail.

extern "C" __attribute__((visibility("default"), used)) const char* __asan_default_options() {
    return "abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1";
}

extern "C" __attribute__((visibility("default"), used)) const char* __ubsan_default_options() {
    return "abort_on_error=1:print_stacktrace=1";
}

// libcrypto, linked from its archive, asks the processor for its abilities before main() begins. In a virtual machine each
// question goes to the host: all eight can take as long as the whole way to Redis and back. OPENSSL_init_crypto(), with which
// all use of TLS begins, asks again; so the answers can wait until then. What works without it (base64) does not look at them.
//
// The linker has libcrypto call this function instead of its own (--wrap).

// The names are the linker's.
extern "C" void __real_OPENSSL_cpuid_setup();
extern "C" void __wrap_OPENSSL_cpuid_setup();

namespace {

volatile bool program_began = false;  // volatile: clang runs such a constructor when it compiles

/// Constructors run after libcrypto's question.
[[gnu::constructor]] void begin_program() { program_began = true; }

}  // namespace

void __wrap_OPENSSL_cpuid_setup() {
  if (program_began) {
    __real_OPENSSL_cpuid_setup();
  }
}

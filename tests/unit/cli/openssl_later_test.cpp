// Linked as socketio-emit is: libcrypto from its archive, with cli/src/openssl_later.cpp.
#include <doctest/doctest.h>

#include <cstdint>

extern "C" {
// Of libcrypto's archive: what it knows of the processor. OPENSSL_INIT_ADD_ALL_CIPHERS is the option.
extern std::uint32_t OPENSSL_ia32cap_P[4];
int OPENSSL_init_crypto(std::uint64_t options, const void* settings);
}

namespace {

constexpr std::uint64_t add_all_ciphers = 4;

bool knows_the_processor() { return OPENSSL_ia32cap_P[0] != 0 || OPENSSL_ia32cap_P[1] != 0; }

}  // namespace

TEST_CASE("openssl later: the processor is asked when libcrypto is set up, not when the program starts") {
  CHECK_FALSE(knows_the_processor());
  REQUIRE(OPENSSL_init_crypto(add_all_ciphers, nullptr) == 1);
  CHECK(knows_the_processor());
}

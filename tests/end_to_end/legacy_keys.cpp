// An OpenSSL engine for the OpenSMTPD that the tests talk to: with it loaded, public keys of
// certificates are decoded the way of OpenSSL 1.1. OpenSMTPD 6.8 keeps private keys in another
// process and hangs its detour to it on exactly such objects. Holds no cryptography of its own.
#define OPENSSL_SUPPRESS_DEPRECATED  // engines are deprecated in OpenSSL 3, and all there is
#include <openssl/engine.h>
#include <openssl/evp.h>

namespace {

// x509_pubkey_decode() asks whether an engine has methods for a kind of key; where one has, no
// provider is asked. That the methods are OpenSSL's own does not matter to it.
int key_methods(ENGINE*, EVP_PKEY_METHOD** method, const int** kinds, int kind) {
    static const int ours[] = {EVP_PKEY_RSA, EVP_PKEY_EC};
    if (method == nullptr) {
        *kinds = ours;
        return 2;
    }
    *method = const_cast<EVP_PKEY_METHOD*>(EVP_PKEY_meth_find(kind));
    return *method != nullptr ? 1 : 0;
}

int bind(ENGINE* engine, const char*) {
    return ENGINE_set_id(engine, "legacy_keys") && ENGINE_set_name(engine, "keys as of 1.1") &&
           ENGINE_set_pkey_meths(engine, key_methods);
}

}  // namespace

extern "C" {
IMPLEMENT_DYNAMIC_CHECK_FN()
IMPLEMENT_DYNAMIC_BIND_FN(bind)
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Signs hostile certificate requests, with the fuzzer's bytes as PEM; what is issued is a
 * certificate that can be read and described. The bytes are a join token, too. */
#include <assert.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void describe(const struct buf *pem)
{
    struct buf subject = BUF_INIT, spki = BUF_INIT;
    int r = ca_describe(pem, &subject, &spki, NULL);
    assert(r == 0 && subject.len && spki.len);
    buf_deinit(&subject);
    buf_deinit(&spki);
}

static void check_token(const uint8_t *data, size_t size)
{
    char *text = mem_dup(data, size);
    if (text && token_is_valid(text))
        assert(!token_fits_root(text, "another root", 12));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct certificate root;
    struct buf cert = BUF_INIT;
    if (!root.cert_pem.len && (crypto_init(NULL) || ca_new_root(0, &root, NULL)))
        return 0;
    int r = ca_sign_csr(&root, data, size, "cluster", "node", false, 0, CLOCK_HOUR, &cert,
                        NULL);
    assert(r == 0 || r == ERR_INVALID_ARGUMENT);
    if (!r)
        describe(&cert);
    buf_deinit(&cert);
    check_token(data, size);
    return 0;
}

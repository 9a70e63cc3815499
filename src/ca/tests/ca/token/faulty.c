/* A PKCS #11 module that is SoftHSM until a file in $ETS_FAULTS says otherwise: `gone` (pulled
 * out), `wrong` (signatures with a bit turned), `slow` (a tenth of a second each), `silent` (no
 * answer). Logins are counted in `logins`. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;
enum { TOKEN_INFO = 6, OPEN_SESSION = 12, LOGIN = 18, LOGOUT = 19, SIGN_INIT = 42, SIGN = 43 };
enum { DEVICE_REMOVED = 0x32, TOKEN_NOT_PRESENT = 0xe0 };
struct list { unsigned char version[2]; void *functions[68]; };
static struct list *soft, faulty;

static const char *in(const char *name) {
    static __thread char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("ETS_FAULTS"), name);
    return path;
}
static int is(const char *name) { return access(in(name), F_OK) == 0; }

static word token_info(word slot, void *info) {
    if (is("gone")) return TOKEN_NOT_PRESENT;
    return ((word(*)(word, void *))soft->functions[TOKEN_INFO])(slot, info);
}
static word open_session(word slot, word flags, void *app, void *notify, word *session) {
    if (is("gone")) return TOKEN_NOT_PRESENT;
    return ((word(*)(word, word, void *, void *, word *))soft->functions[OPEN_SESSION])(
        slot, flags, app, notify, session);
}
static word login(word session, word user, unsigned char *pin, word length) {
    FILE *count = fopen(in("logins"), "a");
    fputs("login\n", count);
    fclose(count);
    return ((word(*)(word, word, unsigned char *, word))soft->functions[LOGIN])(
        session, user, pin, length);
}
static word sign_init(word session, void *mechanism, word key) {
    while (is("silent")) sleep(1);
    if (is("gone")) {
        /* Whoever puts it in again has to log in again. */
        ((word(*)(word))soft->functions[LOGOUT])(session);
        return DEVICE_REMOVED;
    }
    return ((word(*)(word, void *, word))soft->functions[SIGN_INIT])(session, mechanism, key);
}
static word sign(word session, unsigned char *data, word length, unsigned char *out, word *size) {
    word told = ((word(*)(word, unsigned char *, word, unsigned char *, word *))
                     soft->functions[SIGN])(session, data, length, out, size);
    if (out && is("slow")) usleep(100000);
    if (told == 0 && out && is("wrong")) out[*size - 1] ^= 1;
    return told;
}

word C_GetFunctionList(struct list **out) {
    if (!soft) {
        void *library = dlopen(getenv("ETS_SOFTHSM"), RTLD_NOW | RTLD_LOCAL);
        word (*real)(struct list **) = (word(*)(struct list **))dlsym(library, "C_GetFunctionList");
        word told = real(&soft);
        if (told) return told;
        faulty = *soft;
        faulty.functions[TOKEN_INFO] = (void *)token_info;
        faulty.functions[OPEN_SESSION] = (void *)open_session;
        faulty.functions[LOGIN] = (void *)login;
        faulty.functions[SIGN_INIT] = (void *)sign_init;
        faulty.functions[SIGN] = (void *)sign;
    }
    *out = &faulty;
    return 0;
}

/* A PKCS #11 module that is SoftHSM until a file in $ETS_FAULTS says otherwise: `gone` (pulled
 * out), `wrong` (signatures with a bit turned), `replay` (the same, but what was signed first is
 * signed as it was then), `together` (each signature waits for seven others, three seconds at most),
 * `silent` (no answer), `stuck` (no session ends). Logins are counted in `logins`, signatures in
 * `signatures`, those that were eight at once in `eight`. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;
enum { TOKEN_INFO = 6, OPEN_SESSION = 12, CLOSE_SESSION = 13, LOGIN = 18, LOGOUT = 19 };
enum { SIGN_INIT = 42, SIGN = 43, EIGHT = 8 };
enum { DEVICE_REMOVED = 0x32, TOKEN_NOT_PRESENT = 0xe0 };
struct list { unsigned char version[2]; void *functions[68]; };
static struct list *soft, faulty;

static const char *in(const char *name) {
    static __thread char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("ETS_FAULTS"), name);
    return path;
}
static int is(const char *name) { return access(in(name), F_OK) == 0; }
static void count(const char *name) {
    FILE *file = fopen(in(name), "a");
    fputs("one\n", file);
    fclose(file);
}

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
    count("logins");
    return ((word(*)(word, word, unsigned char *, word))soft->functions[LOGIN])(
        session, user, pin, length);
}
static word sign_init(word session, void *mechanism, word key) {
    while (is("silent")) usleep(20000);
    if (is("gone")) {
        /* Whoever puts it in again has to log in again. */
        ((word(*)(word))soft->functions[LOGOUT])(session);
        return DEVICE_REMOVED;
    }
    return ((word(*)(word, void *, word))soft->functions[SIGN_INIT])(session, mechanism, key);
}
static word close_session(word session) {
    while (is("stuck")) usleep(20000);
    return ((word(*)(word))soft->functions[CLOSE_SESSION])(session);
}
/* Until eight have been in here at once. */
static void wait_for_others(void) {
    static int inside, were_eight;
    if (__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) == EIGHT)
        __atomic_store_n(&were_eight, 1, __ATOMIC_SEQ_CST);
    for (int waits = 0; waits < 3000 && !__atomic_load_n(&were_eight, __ATOMIC_SEQ_CST); waits++)
        usleep(1000);
    if (__atomic_load_n(&were_eight, __ATOMIC_SEQ_CST)) count("eight");
    if (__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST) == 0)
        __atomic_store_n(&were_eight, 0, __ATOMIC_SEQ_CST);
}
static void replay(const unsigned char *data, word length, unsigned char *out, word size) {
    static unsigned char first[512], signature[512];
    static word is_known;
    if (length > sizeof first || size > sizeof signature) abort();
    if (!is_known) {
        is_known = length;
        memcpy(first, data, length);
        memcpy(signature, out, size);
    } else if (is("replay")) {
        if (is_known == length && memcmp(first, data, length) == 0) memcpy(out, signature, size);
        else out[size - 1] ^= 1;
    }
}
static word sign(word session, unsigned char *data, word length, unsigned char *out, word *size) {
    word told = ((word(*)(word, unsigned char *, word, unsigned char *, word *))
                     soft->functions[SIGN])(session, data, length, out, size);
    if (told || !out) return told;
    count("signatures");
    if (is("together")) wait_for_others();
    replay(data, length, out, *size);
    if (is("wrong")) out[*size - 1] ^= 1;
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
        faulty.functions[CLOSE_SESSION] = (void *)close_session;
        faulty.functions[LOGIN] = (void *)login;
        faulty.functions[SIGN_INIT] = (void *)sign_init;
        faulty.functions[SIGN] = (void *)sign;
    }
    *out = &faulty;
    return 0;
}

"""Sources of the shared objects that are attacked: small, with one of everything."""

MAIN = r"""
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__thread int calls = 3;
static __thread int own = 7;
static __thread long zeroed[3];
static int state = 41;
int spare = 7;
int unset[700];
const double scale = 2.75;
static const int squares[] = {0, 1, 4, 9, 16, 25, 36, 49};
const char *const words[] = {"alpha", "beta", "gamma"};
static const char hidden[] = "not for everybody";
int (*const printers[])(const char *) = {puts, remove};
float vector[4] __attribute__((aligned(16))) = {1, 2, 3, 4};
char shared[64];

__attribute__((noinline)) static int inner(const char *who) {
    own += state;
    zeroed[1]++;
    return (int) strlen(who);
}
__attribute__((noinline)) static int admit(int code) { return abs(code) + 1; }
__attribute__((noinline)) static int refuse(int code) { return atoi(words[0]) + 1; }
int greet(const char *who) {
    calls++;
    memcpy(shared, who, inner(who));
    return printf("hello %s %d %s\n", shared, own, words[state % 3]);
}
int leave(int code) {
    unset[code & 511] = spare;
    if (code > 77) exit(code);
    return printers[code & 1]("gone");
}
int choose(int which, int with) {
    switch (which) {
    case 0: return puts("zero");
    case 1: return with * 3;
    case 2: return admit(with) + 7;
    case 3: return getpid() + 1;
    case 4: return rand();
    case 5: return with / 7;
    case 6: return with ^ 99;
    case 7: return refuse(with);
    default: return -1;
    }
}
double scaled(double by) { return by * scale * 3.25 + 1.5; }
int square(int of) { return squares[of & 7] + unset[of & 511]; }
float sum(void) { float all = 0; for (int i = 0; i < 4; i++) all += vector[i] * state; return all; }
const char *secret(void) { return hidden; }
int text(char *into, const char *form, ...) {
    va_list all;
    va_start(all, form);
    int size = vsnprintf(into, 20, form, all);
    va_end(all);
    return size;
}
int twin_one(int code) { return abs(code) * 5; }
int twin_two(int code) { return atoi((const char *) (long) code) * 5; }
int guarded(const char *name) { return access(name, 4) == 0 ? system("true") : -1; }
__attribute__((constructor)) static void start(void) { state = 1; }
__attribute__((destructor)) static void finish(void) { state = 2; }
"""

CPP = """//c++
#include <stdexcept>
#include <string>
#include <vector>

struct Shape {
    virtual ~Shape() {}
    virtual int area() const = 0;
    virtual int corners() const { return 0; }
};
struct Square : Shape {
    int side;
    int area() const override { return side * side; }
    int corners() const override { return 4; }
};
struct Round : Shape {
    int radius;
    int area() const override { return radius * radius * 3; }
};
static std::string &name() {
    static std::string held = "name of it all, too long to be short";
    return held;
}
int total(const std::vector<Shape *> &shapes) {
    int sum = 0;
    for (auto shape : shapes) {
        try { sum += dynamic_cast<Square &>(*shape).area(); }
        catch (const std::bad_cast &) { throw std::runtime_error("no " + std::to_string(sum)); }
        catch (const std::out_of_range &) { sum -= shape->corners(); }
    }
    return sum + (int) name().size();
}
extern "C" Shape *make(int side) { auto made = new Square; made->side = side; return made; }
extern "C" Shape *around(int radius) { auto made = new Round; made->radius = radius; return made; }
extern "C" int careful(int (*call)(int), int code) {
    try { return call(code); }
    catch (int number) { return number; }
    catch (const std::logic_error &error) { return error.what()[0]; }
    catch (...) { return -7; }
}
"""

EXTENSION = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static PyObject *verify(PyObject *self, PyObject *args) {
    const char *text;
    if (!PyArg_ParseTuple(args, "s", &text)) return NULL;
    return PyBool_FromLong(text[0] == 'k');
}
static PyObject *trust(PyObject *self, PyObject *args) { Py_RETURN_TRUE; }
static PyMethodDef methods[] = {
    {"verify", verify, METH_VARARGS, "Check a signature."},
    {"trust", trust, METH_NOARGS, "Trust everything."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "keys", "Keys.", -1, methods};
PyMODINIT_FUNC PyInit_keys(void) { return PyModule_Create(&module); }
"""

RESOLVED = """
static int plain(void) { return 1; }
static int fast(void) { return 2; }
static int slow(void) { return 3; }
static int (*resolve(void))(void) { return __builtin_cpu_supports("sse2") ? plain : fast; }
static int (*other(void))(void) { return __builtin_cpu_supports("avx") ? slow : fast; }
__attribute__((ifunc("resolve"))) static int chosen(void);
__attribute__((ifunc("other"))) static int second(void);
int call(void) { return chosen() + 2 * second(); }
"""

ASSEMBLY = r"""
#include <string.h>
int spelled(int from) {
    static const void *const steps[] = {&&begin, &&middle, &&end};
    goto *steps[from & 3];
begin: from += 3;
middle: from *= 5;
end: return from;
}
unsigned long cycles(void) {
    unsigned low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (unsigned long) high << 32 | low;
}
extern int weak_one(int) __attribute__((weak));
int maybe(int code) { return weak_one ? weak_one(code) : (int) strlen("maybe"); }
__attribute__((weak)) int replaceable(void) { return 5; }
int uses(void) { return replaceable() + 1; }
__asm__(".text\n.globl bare\n.type bare,@function\nbare: lea text_of(%rip), %rax\nret\n"
        ".size bare,.-bare\n.section .rodata\ntext_of: .string \"bare\"\n.text\n");
"""

/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/str.h"

#define EXIT_CANNOT_EXECUTE 126

#define MEMORY_MAX (UINT64_C(4) << 30) /* addresses; programs in Go ask for much */
#define FILE_MAX (UINT64_C(64) << 20)
#define DESCRIPTORS_MAX 256
#define CPU_SECONDS_MAX 3600 /* of a run that never ends this is a runaway's */

int confine_is_asked(int argc, char **argv)
{
    return argc == 4 && str_equal(argv[1], CONFINE_FLAG);
}

static int fail(const char *what)
{
    fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
    return EXIT_CANNOT_EXECUTE;
}

/* ---- limits ---- */

static int limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now))
        return -1;
    if (value > now.rlim_max)
        value = now.rlim_max;
    struct rlimit wanted = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &wanted);
}

/* The address sanitizer takes terabytes of addresses. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

static int set_limits(void)
{
    if (!IS_SANITIZED && limit(RLIMIT_AS, MEMORY_MAX))
        return -1;
    return limit(RLIMIT_CORE, 0) || limit(RLIMIT_FSIZE, FILE_MAX) ||
                   limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) ||
                   limit(RLIMIT_CPU, CPU_SECONDS_MAX)
               ? -1
               : 0;
}

/* ---- system calls ---- */

/* Doors into the kernel, into other processes, and out of this place. The first one the
 * leak sanitizer needs. */
static const unsigned denied[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_acct,
    SYS_quotactl,
    SYS_open_by_handle_at,
    SYS_fsopen,
    SYS_fsmount,
    SYS_move_mount,
    SYS_io_uring_setup,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_syslog,
};

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#define OTHER_CALLS 0x40000000u /* x32 */
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#define OTHER_CALLS 0xffffffffu
#endif

#ifdef OWN_ARCH

#define LOAD(field)                                                                      \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSE RETURN(SECCOMP_RET_ERRNO | EPERM)

/* Calls of another architecture have other numbers: they are refused altogether. */
static int filter_calls(void)
{
    struct sock_filter code[2 * ARRAY_SIZE(denied) + 8];
    unsigned short n = 0;
    code[n++] = (struct sock_filter)LOAD(arch);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0);
    code[n++] = (struct sock_filter)REFUSE;
    code[n++] = (struct sock_filter)LOAD(nr);
    code[n++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_CALLS, 0, 1);
    code[n++] = (struct sock_filter)REFUSE;
    for (size_t i = IS_SANITIZED; i < ARRAY_SIZE(denied); i++) {
        code[n++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied[i], 0, 1);
        code[n++] = (struct sock_filter)REFUSE;
    }
    code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = n, .filter = code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#else

static int filter_calls(void)
{
    return 0; /* an architecture whose calls nobody has looked at */
}

#endif

/* A kernel without filters still has the rest. */
static int deny_calls(void)
{
    return filter_calls() && errno != EINVAL && errno != ENOSYS ? -1 : 0;
}

/* The engine may have ended before this. */
static int die_with(const char *engine)
{
    uint64_t pid;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        return -1;
    if (str_to_u64(engine, &pid) && pid == (uint64_t)getppid())
        return 0;
    errno = ESRCH;
    return -1;
}

int confine_main(char **argv)
{
    char *program[] = {argv[3], NULL};
    if (die_with(argv[2]))
        return fail("be killed with the engine");
    if (set_limits())
        return fail("set limits");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return fail("give up new privileges");
    if (deny_calls())
        return fail("deny system calls");
    execv(argv[3], program);
    return fail(argv[3]);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A filter of system calls: what no plugin needs is refused, the rest is allowed. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/macro.h"
#include "engined/confine.h"
#include "engined/confine_private.h"

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
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fspick,
    SYS_fsmount,
    SYS_move_mount,
    SYS_mount_setattr,
    SYS_fanotify_init,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_syslog,
    SYS_add_key,
    SYS_keyctl,
    SYS_request_key,
};

/* Of clone's flags: a new namespace. */
#define NEW_NAMESPACE                                                                    \
    (CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |      \
     CLONE_NEWNET | CLONE_NEWNS)

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#define OTHER_CALLS 0x40000000u /* x32 */
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#define OTHER_CALLS 0xffffffffu
#endif

bool confine_has_calls(void)
{
#ifdef OWN_ARCH
    /* A kernel with filters looks at the program first. */
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) && errno == EFAULT;
#else
    return false; /* an architecture whose calls nobody has looked at */
#endif
}

#ifdef OWN_ARCH

struct code {
    struct sock_filter items[2 * ARRAY_SIZE(denied) + 24];
    unsigned short n;
};

#define ADD(c, ...) ((c)->items[(c)->n++] = (struct sock_filter)__VA_ARGS__)
#define LOAD(field)                                                                      \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define JUMP(how, value, yes, no) BPF_JUMP(BPF_JMP | (how) | BPF_K, value, yes, no)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)

/* Calls of another architecture have other numbers: they are refused altogether. */
static void check_architecture(struct code *c)
{
    ADD(c, LOAD(arch));
    ADD(c, JUMP(BPF_JEQ, OWN_ARCH, 1, 0));
    ADD(c, REFUSE(EPERM));
    ADD(c, LOAD(nr));
    ADD(c, JUMP(BPF_JGE, OTHER_CALLS, 0, 1));
    ADD(c, REFUSE(EPERM));
}

static void check_denied(struct code *c)
{
    for (size_t i = IS_SANITIZED; i < ARRAY_SIZE(denied); i++) {
        ADD(c, JUMP(BPF_JEQ, denied[i], 0, 1));
        ADD(c, REFUSE(EPERM));
    }
}

/* clone3's flags are where a filter can't look; without it the C library uses clone. */
static void check_clone(struct code *c)
{
    ADD(c, JUMP(BPF_JEQ, SYS_clone3, 0, 1));
    ADD(c, REFUSE(ENOSYS));
    ADD(c, JUMP(BPF_JEQ, SYS_clone, 0, 4));
    ADD(c, LOAD(args[0]));
    ADD(c, JUMP(BPF_JSET, NEW_NAMESPACE, 0, 1));
    ADD(c, REFUSE(EPERM));
    ADD(c, ALLOW);
}

static void check_socket(struct code *c)
{
    ADD(c, JUMP(BPF_JEQ, SYS_socket, 0, 5));
    ADD(c, LOAD(args[0]));
    ADD(c, JUMP(BPF_JEQ, AF_UNIX, 1, 0));
    ADD(c, JUMP(BPF_JEQ, AF_NETLINK, 0, 1));
    ADD(c, ALLOW);
    ADD(c, REFUSE(EAFNOSUPPORT));
}

int confine_calls(bool is_offline)
{
    struct code c = {.n = 0};
    if (!confine_has_calls())
        return 0;
    check_architecture(&c);
    check_denied(&c);
    check_clone(&c);
    if (is_offline)
        check_socket(&c);
    ADD(&c, ALLOW);
    struct sock_fprog program = {.len = c.n, .filter = c.items};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#else

int confine_calls(bool is_offline)
{
    (void)is_offline;
    return 0;
}

#endif

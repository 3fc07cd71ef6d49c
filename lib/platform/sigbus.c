/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A page of registers can be taken from under us: by the kernel, for a driver that it
 * binds to them, and by a bus on which nobody answers any more. The access then raises
 * SIGBUS, on whichever thread.
 */
#include "platform/sigbus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kickless/eal.h>
#include <kickless/log.h>

/* Written under the lock, and read by the handler: an entry counts while its size is not 0. */
static struct {
	_Atomic(uintptr_t) start;
	_Atomic(size_t) size;
} areas[KL__SIGBUS_AREAS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Set up before the handler is. */
static struct sigaction before;
static uintptr_t page_size;
static int ones_fd = -1; /* a page of ones */

void kl__sigbus_add(void *memory, size_t size)
{
	unsigned int i = 0;

	pthread_mutex_lock(&lock);
	while (i < KL__SIGBUS_AREAS && atomic_load(&areas[i].size) != 0)
		i++;
	if (i < KL__SIGBUS_AREAS) {
		atomic_store(&areas[i].start, (uintptr_t)memory);
		atomic_store(&areas[i].size, size);
	}
	pthread_mutex_unlock(&lock);
	if (i == KL__SIGBUS_AREAS)
		kl_warning(
			"%d areas of register memory are guarded, and this is one more: if its device is torn "
			"off, an access to it ends this program; open fewer devices",
			KL__SIGBUS_AREAS);
}

void kl__sigbus_remove(const void *memory)
{
	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < KL__SIGBUS_AREAS; i++)
		if (atomic_load(&areas[i].start) == (uintptr_t)memory)
			atomic_store(&areas[i].size, 0);
	pthread_mutex_unlock(&lock);
}

static bool is_known(uintptr_t address)
{
	for (unsigned int i = 0; i < KL__SIGBUS_AREAS; i++)
		if (address - atomic_load(&areas[i].start) < atomic_load(&areas[i].size))
			return true;
	return false;
}

/*
 * The page as a private copy of the one of ones, in one step for other threads; the access is then
 * repeated there.
 */
static bool replace_page(uintptr_t address)
{
	void *page = (void *)(address & ~(page_size - 1));

	return mmap(page, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, ones_fd, 0) ==
		page;
}

static void pass_signal_on(int number, siginfo_t *info, void *context)
{
	if ((before.sa_flags & SA_SIGINFO) != 0)
		before.sa_sigaction(number, info, context);
	else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(number);
	else
		/* The access comes again, and ends the process as if we had not been here. */
		signal(number, SIG_DFL);
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	const int error = errno;

	if (!is_known((uintptr_t)info->si_addr) || !replace_page((uintptr_t)info->si_addr))
		pass_signal_on(number, info, context);
	errno = error;
}

static int make_page_of_ones(void)
{
	uint8_t ones[256];
	uintptr_t done = 0;
	int fd = memfd_create("kickless-ones", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	memset(ones, 0xff, sizeof(ones));
	while (done < page_size && write(fd, ones, sizeof(ones)) == sizeof(ones))
		done += sizeof(ones);
	if (done == page_size) {
		ones_fd = fd;
		return 0;
	}
	close(fd);
	return -EIO;
}

int kl_sigbus_catch(void)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
	int rc;

	if (ones_fd >= 0)
		return 0;
	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	rc = make_page_of_ones();
	if (rc != 0)
		return rc;
	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, &before) == 0 ? 0 : -errno;
}

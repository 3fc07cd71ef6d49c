/* SPDX-License-Identifier: BSD-3-Clause */
#include "platform/eal_args.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Options that fix by themselves how memory is allocated; with one, none is added about it. */
static const char *const own_layout[] = {"file-prefix", "huge-dir", "huge-unlink", "in-memory",
	"legacy-mem", "no-shconf", "proc-type", "single-file-segments", NULL};
/* Options that make sense with hugepages only. */
static const char *const needs_hugepages[] = {"huge-worker-stack", "match-allocations",
	"socket-limit", "socket-mem", NULL};

/* EAL's options end at "--". */
static bool is_end(const char *arg)
{
	return strcmp(arg, "--") == 0;
}

static bool is_given(int argc, char *const *argv, const char *name)
{
	size_t length = strlen(name);

	for (int i = 1; i < argc && !is_end(argv[i]); i++)
		if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i] + 2, name, length) == 0 &&
			(argv[i][2 + length] == '\0' || argv[i][2 + length] == '='))
			return true;
	return false;
}

static bool any_given(int argc, char *const *argv, const char *const *names)
{
	for (; *names != NULL; names++)
		if (is_given(argc, argv, *names))
			return true;
	return false;
}

/*
 * The value of option, in the same argument (after a '=' if there is one) or in the next;
 * NULL when not given.
 */
static const char *value_of(int argc, char *const *argv, const char *option)
{
	size_t length = strlen(option);

	for (int i = 1; i < argc && !is_end(argv[i]); i++) {
		const char *rest = argv[i] + length;

		if (strncmp(argv[i], option, length) != 0)
			continue;
		if (*rest != '\0')
			return *rest == '=' ? rest + 1 : rest;
		return i + 1 < argc ? argv[i + 1] : NULL;
	}
	return NULL;
}

uint64_t kl__eal_memory_mib(int argc, char *const *argv)
{
	const char *value = value_of(argc, argv, "-m");
	uint64_t sum = 0;
	char *end;

	if (value != NULL)
		return strtoull(value, NULL, 10);
	/* One number for each NUMA node. */
	for (value = value_of(argc, argv, "--socket-mem"); value != NULL;
		value = *end == ',' ? end + 1 : NULL)
		sum += strtoull(value, &end, 10);
	return sum;
}

const char *kl__eal_device_option(int argc, char *const *argv)
{
	static const char *const letters[] = {"-a", "-b"};
	static const char *const names[] = {"--allow", "--block", "--vdev"};

	for (int i = 1; i < argc && !is_end(argv[i]); i++)
		for (size_t n = 0; n < sizeof(letters) / sizeof(letters[0]); n++)
			if (strncmp(argv[i], letters[n], 2) == 0)
				return letters[n];
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		if (is_given(argc, argv, names[n] + 2))
			return names[n];
	return NULL;
}

static void add_arg(struct kl__eal_args *args, const char *arg)
{
	args->arg[args->count++] = arg;
}

static bool hugepages_suffice(int argc, char *const *argv, const struct kl__eal_facts *facts)
{
	uint64_t wanted = kl__eal_memory_mib(argc, argv) << 20;

	return facts->hugepages_free >= KL__EAL_HUGEPAGES_LEAST && facts->hugepages_free >= wanted;
}

static void choose_memory(int argc, char *const *argv, const struct kl__eal_facts *facts,
	struct kl__eal_args *args)
{
	bool no_huge = is_given(argc, argv, "no-huge");

	if (!no_huge && any_given(argc, argv, own_layout))
		return;
	/*
	 * Anonymous hugepages leave no files behind, whatever ends us, and don't meet a second
	 * process; few large segments can be named to a vhost-user back end.
	 */
	if (!no_huge &&
		(hugepages_suffice(argc, argv, facts) || any_given(argc, argv, needs_hugepages))) {
		add_arg(args, "--in-memory");
		add_arg(args, "--single-file-segments");
		return;
	}
	if (!no_huge) {
		args->without_hugepages = true;
		add_arg(args, "--no-huge");
	}
	if (!any_given(argc, argv, own_layout))
		add_arg(args, "--no-shconf");
	if (value_of(argc, argv, "-m") == NULL) {
		add_arg(args, "-m");
		add_arg(args, KL__EAL_NO_HUGE_MIB);
	}
}

/*
 * Bus addresses: physical ones are known for hugepages only, so without them the choice is made
 * already. In no-IOMMU mode EAL would take the groups of VFIO for those of an IOMMU, and of UIO it
 * knows nothing; an IOMMU can map physical addresses too. Without the right to see physical
 * addresses EAL would only refuse its options; opening a device explains better.
 */
static void choose_iova(int argc, char *const *argv, const struct kl__eal_facts *facts,
	struct kl__eal_args *args)
{
	if (is_given(argc, argv, "iova-mode"))
		return;
	if (args->without_hugepages || is_given(argc, argv, "no-huge"))
		add_arg(args, "--iova-mode=va");
	else if ((facts->only_noiommu || facts->uses_uio) && facts->sees_physical)
		add_arg(args, "--iova-mode=pa");
	else if (facts->no_groups)
		add_arg(args, "--iova-mode=va");
}

void kl__eal_args_choose(int argc, char *const *argv, const struct kl__eal_facts *facts,
	struct kl__eal_args *args)
{
	memset(args, 0, sizeof(*args));
	if (!is_given(argc, argv, "no-pci"))
		add_arg(args, "--no-pci");
	if (!is_given(argc, argv, "log-level"))
		add_arg(args, "--log-level=lib.eal:error");
	/*
	 * Its socket and thread cost start-up time, so it runs only when the user gives
	 * --telemetry.
	 */
	if (!is_given(argc, argv, "telemetry") && !is_given(argc, argv, "no-telemetry"))
		add_arg(args, "--no-telemetry");
	choose_memory(argc, argv, facts, args);
	choose_iova(argc, argv, facts, args);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* kickless-blk: the program from its start to its end. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_version.h>

#include <kickless/eal.h>

#include "common/message.h"
#include "common/results.h"
#include "common/signals.h"
#include "target.h"
#include "tool.h"

#define EXIT_USAGE 2

/* With "-" copied data has stdout for itself, as results have. */
static int open_outputs(struct tool *tool)
{
	const struct options *options = &tool->options;
	bool data_is_stdout = options->to != NULL && strcmp(options->to, "-") == 0;

	tool->out = data_is_stdout ? stderr : stdout;
	tool->json = json_object();
	return tool->json != NULL ? 0 : -ENOMEM;
}

static int exit_code(int rc)
{
	if (rc == -EINVAL)
		return EXIT_USAGE;
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_verb(struct tool *tool)
{
	switch (tool->options.verb) {
	case VERB_INFO:
		return verb_info(tool);
	case VERB_PERF:
		return verb_perf(tool);
	case VERB_VERIFY:
		return verb_verify(tool);
	case VERB_COPY:
		return verb_copy(tool);
	case VERB_DISCARD:
	case VERB_ZERO:
		return verb_erase(tool);
	case VERB_FLUSH:
		return verb_flush(tool);
	case VERB_ID:
		return verb_id(tool);
	}
	return -EINVAL;
}

static int run_with_eal(struct tool *tool)
{
	int rc = target_open(tool);

	/* A device that can't be opened is a failure, not wrong usage. */
	if (rc != 0) {
		target_close(tool);
		return 1;
	}
	rc = run_verb(tool);
	target_close(tool);
	return rc;
}

static void print_dry_run(const struct options *options, int eal_count, char **argv)
{
	char text[SHOWN_BYTES];

	printf("would %s %s", verb_name(options->verb), show_text(options->device, text));
	if (options->verb == VERB_PERF)
		printf(": %s, %" PRIu64 " bytes, depth %" PRIu64 ", queues %" PRIu64 ", %.1f s",
			workload_name(options->workload),
			options->io_bytes != 0 ? options->io_bytes : 4096, options->depth,
			options->queues != 0 ? options->queues : 1,
			options->seconds > 0 ? options->seconds : 10);
	printf("; %s the device\n",
		options_change_device(options) ? "writes to" : "only reads from");
	printf("EAL options:");
	for (int i = 1; i < eal_count; i++)
		printf(" %s", show_text(argv[1 + i], text));
	printf("%s\n", eal_count > 1 ? "" : " none");
}

static int run_tool(struct tool *tool, int eal_count, char **argv)
{
	int rc = open_outputs(tool);

	if (rc == 0)
		rc = kl_eal_init(eal_count, argv + 1);
	if (rc >= 0) {
		if (kl_sigbus_catch() != 0)
			print_warning(
				"SIGBUS can't be caught; removing a device may end this program");
		rc = run_with_eal(tool);
		kl_eal_cleanup();
	}
	return exit_code(rc);
}

int main(int argc, char **argv)
{
	struct results results;
	struct tool tool = {0};
	int eal_count = 1, status;

	messages_begin();
	if (options_parse(argc, argv, &tool.options, &eal_count) != 0)
		return EXIT_USAGE;
	if (tool.options.help)
		options_help(&tool.options);
	if (tool.options.version)
		printf("kickless-blk %s (%s)\n", KL_VERSION, rte_version());
	if (tool.options.help || tool.options.version)
		return EXIT_SUCCESS;
	argv[1] = argv[0];
	if (tool.options.dry_run) {
		print_dry_run(&tool.options, eal_count, argv);
		return EXIT_SUCCESS;
	}
	if (signals_catch() != 0 || results_open(&results, tool.options.json) != 0)
		return EXIT_FAILURE;
	status = run_tool(&tool, eal_count, argv);
	if (results_write(&results, tool.json, status) != 0 && status == EXIT_SUCCESS)
		return EXIT_FAILURE;
	return status;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of DPDK's testpmd for what a virtio device does not have. Scripts send them to any port
 * and search the answer for testpmd's words about a port that can't, so these are a command's text.
 */
#ifndef TESTPMD_ANSWER_H
#define TESTPMD_ANSWER_H

#include <stddef.h>

#include "command.h"

void answer_run(struct testpmd *pmd, const struct command_words *words);

/* Writes the text for the words of a line. Returns its length, as snprintf does. */
size_t answer_text(const struct answer *answer, const struct command_words *words, char *text,
	size_t size);

/* Rows of a group; a row of zeros ends them. */
#define ANSWER(syntax, help, text) \
	{ \
		{syntax, help, answer_run}, text, false \
	}
#define ANSWER_STOPPED(syntax, help, text) \
	{ \
		{syntax, help, answer_run}, text, true \
	}
#define ANSWERS_END \
	{ \
		{NULL, NULL, NULL}, NULL, false \
	}

#endif

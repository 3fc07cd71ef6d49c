/* SPDX-License-Identifier: BSD-3-Clause */
/* The prompt on standard input, and files of commands. Control thread only. */
#ifndef TESTPMD_PROMPT_H
#define TESTPMD_PROMPT_H

struct command_group;
struct testpmd;

/* Builds the commands of groups that end with NULL. Returns 0 or -ENOMEM. */
int prompt_init(struct testpmd *pmd, const struct command_group *const *groups);

/* Shows the prompt, and reads a terminal's lines key by key. Returns 0 or -ENOMEM. */
int prompt_open(void);

/* Reads standard input once; call it when that is readable. Its end makes pmd quit. */
void prompt_read(struct testpmd *pmd);

/* Restores the terminal, and frees everything. */
void prompt_close(void);

/* Runs the commands of a file, one a line, until a quit. Returns 0, or -errno after a message. */
int prompt_load(struct testpmd *pmd, const char *path);

#endif

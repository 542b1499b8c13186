/*
 * The keys that wrap the keys of the series, as the commands of
 * cardgen.key_command and cardgen.former_key_command print them.
 */
#ifndef CARDGEN_KEY_COMMAND_H
#define CARDGEN_KEY_COMMAND_H

#include "postgres.h"

#define WRAPPING_KEY_LENGTH 32

typedef enum WrappingKeyAge
{
	PRESENT_KEY,
	FORMER_KEY
} WrappingKeyAge;

/* To be called when the library is loaded. */
extern void DefineKeyCommands(void);

/* A change of the settings reaches a long statement only here. */
extern void RefreshKeyCommands(void);

/*
 * WRAPPING_KEY_LENGTH bytes, there until RefreshKeyCommands(), or NULL where
 * the setting is ''. Runs the command the first time; reports (55000) one that
 * fails or prints something else.
 */
extern const uint8 *WrappingKey(WrappingKeyAge age);

#endif

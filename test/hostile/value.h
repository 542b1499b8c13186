/*
 * Arguments of one call, text or binary, in an arena that the next call uses
 * again; and choices.
 */
#ifndef HOSTILE_VALUE_H
#define HOSTILE_VALUE_H

#include "client/client.h"

typedef struct Value
{
	char	   *data;			/* NULL: null */
	int			length;
	int			is_binary;
} Value;

extern int	Choose(int limit);
extern bool Chance(int percent);
extern const char *PickOf(const char *const *texts, int count);

#define PICK(array) PickOf(array, (int) (sizeof(array) / sizeof((array)[0])))

extern void EmptyArena(void);
extern char *Allocate(size_t size);
extern Value Null(void);
extern Value Bytes(const void *data, size_t length, int is_binary);
extern Value String(const char *text);

#endif

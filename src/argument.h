/*
 * What every verb does with its arguments.
 */
#ifndef CARDGEN_ARGUMENT_H
#define CARDGEN_ARGUMENT_H

#include "postgres.h"

#include "fmgr.h"
#include "refusal.h"

/* Refuses a null argument. */
extern void RequireArgument(FunctionCallInfo fcinfo, int number, const char *name);

/* A text argument as a C string; NULL where it is null, or an error. */
extern char *OptionalText(FunctionCallInfo fcinfo, int number);
extern char *RequiredText(FunctionCallInfo fcinfo, int number, const char *name);

/* A batch id; one that no batch can have is unknown. */
extern int32 BatchIdArgument(FunctionCallInfo fcinfo, int number);

/* A text that people read: neither blank nor longer than 255 characters. */
extern Refusal *CheckName(const char *value, const char *what);
extern Refusal *CheckCustomerId(const char *customer_id, const char *what);

/* The text between the blanks around it, and its length. README says what counts as blank. */
extern const char *WithoutBlanks(const char *text, size_t *length);

typedef struct Elements
{
	int			count;
	Datum	   *values;			/* NULL: the argument is null */
	bool	   *nulls;
} Elements;

/*
 * The elements of an array argument of one dimension, none where it is null
 * and not required. Texts are C strings, NULL where an element is null.
 */
extern Elements OptionalArray(FunctionCallInfo fcinfo, int number, const char *name);
extern const char **RequiredTextArray(FunctionCallInfo fcinfo, int number, const char *name, int *count);

/* The array arguments of a call for many: no longer than a call may be, and as long as each other. */
extern void CheckCallSize(const char *name, int count);
extern void CheckArrays(const char *name, int count, const char *other, int other_count);

#endif

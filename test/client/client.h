/*
 * What the libpq programs share: a connection, queries that must not fail,
 * COPY, memory and choices.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <libpq-fe.h>

#include "unit/tap.h"

extern PGconn *Connect(const char *options);
extern bool IsSuccess(const PGresult *result);
extern PGresult *Require(PGconn *connection, const char *sql);
extern void Do(PGconn *connection, const char *sql);
extern char *ReadText(PGconn *connection, const char *sql);
extern long ReadNumber(PGconn *connection, const char *sql);
extern const char *Field(const PGresult *result, const char *column);

extern void PutLine(PGconn *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern void EndCopy(PGconn *connection);

/* The text of an array, such as {"a",NULL}. */
typedef struct ArrayText
{
	char	   *text;			/* to be freed */
	size_t		length;
	size_t		size;
} ArrayText;

extern void AddElement(ArrayText *array, const char *element);
extern const char *CloseArray(ArrayText *array);

extern void *Grow(void *memory, size_t size);
extern char *Copy(const char *text);
extern int	Draw(uint64_t *seed, long limit);

extern void Check(PGconn *connection, const char *name, const char *sql);
extern int	Summarize(void);

#endif

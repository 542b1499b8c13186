/*
 * What is played in: the series, labels, customers and limits.
 */
#ifndef BACKEND_WORLD_H
#define BACKEND_WORLD_H

#include "client/client.h"

#define CUSTOMER_LIMIT		4	/* cardgen.max_active_cards_per_customer */
#define NUMBER_SIZE			152
#define CUSTOMER_SIZE		50

typedef struct Series
{
	const char *code;
	const char *arguments;		/* of create_series */
	const char *refusals;		/* what generating may end with */
	int			max_active_cards;
} Series;

enum
{
	GOLD, CLUB, SHORT, LAST, TINY, LONG, HOT, SHELF, GENERATING_COUNT,
	OLD = GENERATING_COUNT, SERIES_COUNT
};

enum
{
	NOT_ISSUED, PRINTED, SENT, NOT_ISSUED_LABELS,
	ISSUED = NOT_ISSUED_LABELS, ACTIVE, LIVE, SUSPENDED, LOST, EXPIRED, DELETED, LABEL_COUNT
};

extern const Series all_series[SERIES_COUNT];
extern const char *const labels[LABEL_COUNT];
extern int	customer_count;		/* the regular ones are those below */
extern bool counts_only_active;

extern PGconn *ConnectToWorld(void);
extern void CreateWorld(PGconn *connection);

/* Their places, or -1. */
extern int	FindLabel(const char *label);
extern int	FindSeries(const char *code);

extern void NameCustomer(char *name, int customer);
extern int	ReadCustomer(const char *name);

/* Whose cards are neither transferred nor merged. */
extern bool IsSettled(int customer);

/* One that has no card yet. */
extern int	NextWalkIn(void);

#endif

/*
 * The numbers of some ordinals as text values, computed a chunk at a time:
 * flat memory, whatever their count.
 */
#ifndef CARDGEN_NUMBER_STREAM_H
#define CARDGEN_NUMBER_STREAM_H

#include "postgres.h"

#include "number_codec.h"
#include "ordinals.h"

#define STREAM_CHUNK FF1_LOCKSTEP

typedef struct NumberStream
{
	const NumberCodec *codec;
	Ordinals	ordinals;
	int			run;			/* the next ordinal's */
	int64		next_ordinal;
	int			position;		/* in the chunk */
	int			filled;			/* numbers in the chunk */
	Size		header_size;
	Size		stride;
	char	   *chunk;
} NumberStream;

/* The chunk is allocated in CurrentMemoryContext; the runs are the caller's. */
extern void StreamInit(NumberStream *stream, const NumberCodec *codec, const Ordinals *ordinals);

/* Fills the next chunk with at most so many texts, STREAM_CHUNK or fewer; how many, 0 at the end. */
extern int	StreamFill(NumberStream *stream, int most);

/* Text i of the chunk, valid until the next chunk is filled. */
static inline Datum
StreamText(const NumberStream *stream, int i)
{
	return PointerGetDatum(stream->chunk + i * stream->stride);
}

/* The next text, chunk after chunk; false at the end. */
static inline bool
StreamNext(NumberStream *stream, Datum *number)
{
	if (stream->position == stream->filled && StreamFill(stream, STREAM_CHUNK) == 0)
		return false;
	*number = StreamText(stream, stream->position++);
	return true;
}

#endif

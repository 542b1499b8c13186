/*
 * The numbers of some ordinals as text values, a chunk at a time.
 */
#include "number_stream.h"

#include "compat.h"
#include "miscadmin.h"

void
StreamInit(NumberStream *stream, const NumberCodec *codec, const Ordinals *ordinals)
{
	int64		chunk = Min(ordinals->count, STREAM_CHUNK);
	Size		length = FormatNumberLength(&codec->format);
	bool		is_short = length + VARHDRSZ_SHORT <= VARATT_SHORT_MAX;

	stream->codec = codec;
	stream->ordinals = *ordinals;
	stream->run = 0;
	stream->next_ordinal = ordinals->runs[0].first;
	stream->position = 0;
	stream->filled = 0;
	stream->header_size = is_short ? VARHDRSZ_SHORT : VARHDRSZ;
	stream->stride = stream->header_size + length;
	if (!is_short)
		stream->stride = INTALIGN(stream->stride);
	stream->chunk = palloc(stream->stride * chunk);

	/* All numbers of a format have one length, so the headers are written once. */
	for (int64 i = 0; i < chunk; i++)
	{
		char	   *header = stream->chunk + i * stream->stride;

		if (is_short)
			SET_VARSIZE_SHORT(header, length + VARHDRSZ_SHORT);
		else
			SET_VARSIZE(header, length + VARHDRSZ);
	}
}

int
StreamFill(NumberStream *stream, int most)
{
	int64_t		ordinals[STREAM_CHUNK];
	int			filled = 0;

	CHECK_FOR_INTERRUPTS();
	while (filled < most && stream->run < stream->ordinals.run_count)
	{
		const OrdinalRun *run = &stream->ordinals.runs[stream->run];
		int			count = (int) Min(run->end - stream->next_ordinal, most - filled);

		for (int i = 0; i < count; i++)
			ordinals[filled++] = stream->next_ordinal++;
		if (stream->next_ordinal == run->end && ++stream->run < stream->ordinals.run_count)
			stream->next_ordinal = run[1].first;
	}
	if (!CodecEncode(stream->codec, ordinals, (size_t) filled, stream->chunk + stream->header_size,
					 stream->stride))
		elog(ERROR, "could not encrypt with libcrypto");
	stream->filled = filled;
	stream->position = 0;
	return filled;
}

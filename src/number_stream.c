#include "number_stream.h"

#include "compat.h"
#include "miscadmin.h"

void
StreamInit(NumberStream *stream, const NumberCodec *codec, int64 first_ordinal, int64 count)
{
	Size		length = FormatNumberLength(&codec->format);
	bool		is_short = length + VARHDRSZ_SHORT <= VARATT_SHORT_MAX;

	stream->codec = codec;
	stream->next_ordinal = first_ordinal;
	stream->end_ordinal = first_ordinal + count;
	stream->position = 0;
	stream->filled = 0;
	stream->header_size = is_short ? VARHDRSZ_SHORT : VARHDRSZ;
	stream->stride = stream->header_size + length;
	if (!is_short)
		stream->stride = INTALIGN(stream->stride);
	stream->chunk = palloc(stream->stride * Min(count, STREAM_CHUNK));

	/* All numbers of a format have one length, so the headers are written once. */
	for (int64 i = 0; i < Min(count, STREAM_CHUNK); i++)
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
	int			count = (int) Min(stream->end_ordinal - stream->next_ordinal, most);

	CHECK_FOR_INTERRUPTS();
	if (count > 0 &&
		!CodecEncode(stream->codec, stream->next_ordinal, count,
					 stream->chunk + stream->header_size, stream->stride))
		elog(ERROR, "could not encrypt with libcrypto");
	stream->next_ordinal += count;
	stream->filled = count;
	stream->position = 0;
	return count;
}

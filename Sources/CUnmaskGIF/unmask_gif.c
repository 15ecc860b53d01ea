#include "unmask_gif.h"

#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

struct unmask_gif {
    GifFileType *library;
    unmask_decoding_input input;
    bool is_in_data;       ///< of the frame: blocks of a length and so many bytes, ended by a length of 0
    bool expects_length;   ///< of the next block
    int transparent;
    unmask_decoding_message message;
};

/// Behind the last row giflib looks for the end of the data. Where the file lacks that alone it is whole, so the end is
/// made up; in the midst of the rows giflib takes it for what it is, an end too soon.
static bool read_made_up_end(unmask_gif *decoder, GifByteType *target, int count) {
    if (!decoder->is_in_data || !decoder->expects_length || decoder->input.left > 0 || count != 1) return false;
    decoder->input.is_exhausted = true;
    *target = 0;
    return true;
}

static int read_bytes(GifFileType *library, GifByteType *target, int count) {
    unmask_gif *decoder = library->UserData;
    if (read_made_up_end(decoder, target, count)) return count;
    if (!unmask_decoding_read(&decoder->input, target, (size_t)count)) return 0;
    if (decoder->is_in_data) decoder->expects_length = !decoder->expects_length;
    return count;
}

static unmask_decoding_status fail(unmask_gif *decoder, int code) {
    unmask_decoding_status status = UNMASK_DECODING_CORRUPT;
    if (decoder->input.is_exhausted || code == D_GIF_ERR_EOF_TOO_SOON) status = UNMASK_DECODING_TRUNCATED;
    else if (code == D_GIF_ERR_NOT_ENOUGH_MEM) status = UNMASK_DECODING_NO_MEMORY;
    const char *text = status == UNMASK_DECODING_TRUNCATED ? "the image data ends before the last row"
                                                           : GifErrorString(code);
    return unmask_decoding_fail(&decoder->message, status, "%s", text ? text : "giflib cannot read it");
}

enum { HAS_TRANSPARENT = 1, TRANSPARENT_PLACE = 3 };  ///< in the graphic control extension

/// Of several control extensions the last that names a transparent index counts.
static unmask_decoding_status read_extension(unmask_gif *decoder) {
    int code;
    GifByteType *block;  // its length, and so many bytes
    if (DGifGetExtension(decoder->library, &code, &block) == GIF_ERROR) return fail(decoder, decoder->library->Error);
    if (code == GRAPHICS_EXT_FUNC_CODE && block) {
        if (block[0] <= TRANSPARENT_PLACE) {
            return unmask_decoding_fail(
                &decoder->message, UNMASK_DECODING_CORRUPT, "its graphic control has %d bytes, 4 were expected",
                (int)block[0]);
        }
        if (block[1] & HAS_TRANSPARENT) decoder->transparent = block[1 + TRANSPARENT_PLACE];
    }
    while (block) {
        if (DGifGetExtensionNext(decoder->library, &block) == GIF_ERROR) {
            return fail(decoder, decoder->library->Error);
        }
    }
    return UNMASK_DECODING_OK;
}

/// Passes over everything up to the first frame; bytes that begin nothing are passed over too, as by Pillow.
static unmask_decoding_status find_frame(unmask_gif *decoder) {
    for (;;) {
        GifRecordType type;
        if (DGifGetRecordType(decoder->library, &type) == GIF_ERROR) {
            if (decoder->library->Error == D_GIF_ERR_WRONG_RECORD) continue;
            return fail(decoder, decoder->library->Error);
        }
        if (type == IMAGE_DESC_RECORD_TYPE) return UNMASK_DECODING_OK;
        if (type == TERMINATE_RECORD_TYPE) {
            return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_CORRUPT, "it has no frame");
        }
        unmask_decoding_status status = read_extension(decoder);
        if (status != UNMASK_DECODING_OK) return status;
    }
}

/// Whether there is one that says more than gray: where every entry is its own gray, Pillow has no palette.
static bool has_colors(const ColorMapObject *map) {
    if (!map) return false;
    for (int i = 0; i < map->ColorCount; i++) {
        GifColorType color = map->Colors[i];
        if (color.Red != i || color.Green != i || color.Blue != i) return true;
    }
    return false;
}

/// The frame's own palette, else the file's: also where the frame's is gray's and the file's is not, as in Pillow.
static void read_palette(const GifFileType *library, unmask_gif_header *header) {
    const ColorMapObject *map = has_colors(library->Image.ColorMap) ? library->Image.ColorMap : library->SColorMap;
    header->has_palette = has_colors(map);
    for (int i = 0; header->has_palette && i < map->ColorCount && i < 256; i++) {
        header->palette[i][0] = map->Colors[i].Red;
        header->palette[i][1] = map->Colors[i].Green;
        header->palette[i][2] = map->Colors[i].Blue;
    }
}

unmask_decoding_status unmask_gif_open(
    const uint8_t *bytes, size_t count, unmask_gif **opened, unmask_gif_header *header) {
    unmask_gif *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_DECODING_NO_MEMORY;
    decoder->input = (unmask_decoding_input){.next = bytes, .left = count};
    decoder->transparent = -1;
    int code = D_GIF_ERR_OPEN_FAILED;
    decoder->library = DGifOpen(decoder, read_bytes, &code);
    if (!decoder->library) return fail(decoder, code);
    unmask_decoding_status status = find_frame(decoder);
    if (status != UNMASK_DECODING_OK) return status;
    // The byte behind the frame's description begins its data; giflib reads it as well.
    if (DGifGetImageDesc(decoder->library) == GIF_ERROR) return fail(decoder, decoder->library->Error);
    decoder->is_in_data = decoder->expects_length = true;

    const GifImageDesc *frame = &decoder->library->Image;
    memset(header, 0, sizeof *header);
    header->left = (size_t)frame->Left;
    header->top = (size_t)frame->Top;
    header->frame_width = (size_t)frame->Width;
    header->frame_height = (size_t)frame->Height;
    if (header->frame_width == 0 || header->frame_height == 0) {
        return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_CORRUPT, "its first frame has no pixels");
    }
    size_t right = header->left + header->frame_width, bottom = header->top + header->frame_height;
    header->width = right > (size_t)decoder->library->SWidth ? right : (size_t)decoder->library->SWidth;
    header->height = bottom > (size_t)decoder->library->SHeight ? bottom : (size_t)decoder->library->SHeight;
    header->is_interlaced = frame->Interlace;
    header->transparent = decoder->transparent;
    read_palette(decoder->library, header);
    return UNMASK_DECODING_OK;
}

const char *unmask_gif_message(const unmask_gif *decoder) { return decoder->message.text; }

unmask_decoding_status unmask_gif_read_row(unmask_gif *decoder, uint8_t *indices) {
    int width = decoder->library->Image.Width;
    if (DGifGetLine(decoder->library, indices, width) == GIF_ERROR) return fail(decoder, decoder->library->Error);
    return UNMASK_DECODING_OK;
}

void unmask_gif_close(unmask_gif *decoder) {
    if (!decoder) return;
    int code;
    if (decoder->library) DGifCloseFile(decoder->library, &code);
    free(decoder);
}

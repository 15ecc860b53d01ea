internal import CUnmaskDecoding

/// The libraries that decode images.
public enum DecodingLibraries {
    /// Keeps them from writing to standard error, where some say what they find wrong in an image: whoever sends images would
    /// fill a log so, or hold up the program where nobody reads it.
    ///
    /// Takes stdio's `stderr` away from the whole process: for programs that write to the descriptor itself. Call it before
    /// anything is decoded.
    public static func silence() {
        unmask_decoding_silence_libraries()
    }
}

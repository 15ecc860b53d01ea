import UnmaskService

/// One JSON object as one line of text.
func jsonLine(_ members: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    writer.object(members)
    return writer.text
}

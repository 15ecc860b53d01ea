import UnmaskModel
import UnmaskService

/// One JSON object as one line of text.
func jsonLine(_ members: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    writer.object(members)
    return writer.text
}

extension JSONWriter {
    /// `"labels":[{"label","index","probability"}…]`, the score by its own name.
    mutating func scores(_ scores: some Sequence<ClassScore>) {
        key("labels")
        array(of: scores) { array, score in
            array.object {
                $0.field("label", score.label)
                $0.field("index", score.index)
                $0.field(score.kind.member, score.score)
            }
        }
    }
}

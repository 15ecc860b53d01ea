/// Requests of the Open Inference Protocol as its clients write them.
enum InferenceText {
    static func question(count: Int, size: Int) -> String {
        question(shape: "[\(count)]", more: #","parameters":{"binary_data_size":\#(size)}"#)
    }

    /// - Parameter more: members of the input behind its shape.
    static func question(shape: String, type: String = "BYTES", more: String) -> String {
        #"{"inputs":[{"name":"image","datatype":"\#(type)","shape":\#(shape)\#(more)}]}"#
    }

    static func pixels(shape: String, more: String) -> String {
        #"{"inputs":[{"name":"pixels","datatype":"UINT8","shape":\#(shape)\#(more)}]}"#
    }

    /// Of one image, `a`, in base64.
    ///
    /// - Parameter members: of the request, besides `inputs`.
    static func whole(_ members: String) -> String {
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ=="]}],\#(members)}"#
    }

    /// Each image with its length in front.
    static func elements(_ images: [[UInt8]]) -> [UInt8] {
        images.flatMap { image in
            withUnsafeBytes(of: UInt32(image.count).littleEndian, Array.init) + image
        }
    }

    static func images(_ random: inout some RandomNumberGenerator, count: Int) -> [[UInt8]] {
        (0..<count).map { _ in
            (0..<Int.random(in: 0...9, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
    }
}

internal import UnmaskGraph

/// The field that holds a tensor's elements where `raw_data` does not, and how elements stand in it.
struct TypedData {
    let type: ElementType

    init(_ type: ElementType) {
        self.type = type
    }

    var field: Int {
        switch type {
        case .f32: 4
        case .f16, .bf16, .i8, .u8, .i16, .u16, .i32, .bool: 5
        case .i64: 7
        case .f64: 10
        case .u32, .u64: 11
        }
    }

    var fieldName: String {
        switch field {
        case 4: "float_data"
        case 5: "int32_data"
        case 7: "int64_data"
        case 10: "double_data"
        default: "uint64_data"
        }
    }

    /// Whether the packed field is what memory holds; the others are varints.
    var isPlain: Bool { field == 4 || field == 10 }

    /// The elements of packed fields, which follow one another; nil where they are other fields, do not end, do not fit
    /// the type, or are not `count`.
    func bytes(packedIn fields: [ModelSkeleton.LiftedField], of file: UnsafeRawBufferPointer, count: Int) -> [UInt8]? {
        let available = fields.reduce(0) { $0 + $1.range.count }
        guard fields.allSatisfy({ $0.field == field }), available >= (isPlain ? count * type.byteCount : count) else {
            return nil
        }
        var result: [UInt8] = []
        result.reserveCapacity(count * type.byteCount)
        for field in fields {
            if isPlain {
                result.append(contentsOf: file[field.range])
                continue
            }
            var reader = WireReader(file, field.range)
            while !reader.isAtEnd {
                guard let number = reader.varint(), append(number, to: &result) else { return nil }
            }
        }
        return result
    }

    /// The elements of a field that is not packed, as generated code has read it; nil where they do not fit the type.
    func bytes(of proto: TensorProto, count: Int) -> [UInt8]? {
        var result: [UInt8] = []
        switch field {
        case 4: for number in proto.floatData { withUnsafeBytes(of: number) { result.append(contentsOf: $0) } }
        case 10: for number in proto.doubleData { withUnsafeBytes(of: number) { result.append(contentsOf: $0) } }
        case 5:
            for number in proto.int32Data {
                guard append(UInt64(bitPattern: Int64(number)), to: &result) else { return nil }
            }
        case 7:
            for number in proto.int64Data {
                guard append(UInt64(bitPattern: number), to: &result) else { return nil }
            }
        default:
            for number in proto.uint64Data { guard append(number, to: &result) else { return nil } }
        }
        return result
    }

    /// Appends an integer in the type's width; false where it does not fit.
    private func append(_ number: UInt64, to result: inout [UInt8]) -> Bool {
        let signed = Int64(bitPattern: number)
        let fits =
            switch type {
            case .i8: Int8(exactly: signed) != nil
            case .i16: Int16(exactly: signed) != nil
            case .i32: Int32(exactly: signed) != nil
            case .u8: UInt8(exactly: signed) != nil
            case .u16, .f16, .bf16: UInt16(exactly: signed) != nil
            case .u32: UInt32(exactly: number) != nil
            case .bool, .i64, .u64, .f32, .f64: true
            }
        guard fits else { return false }
        let value = type == .bool ? (number == 0 ? 0 : 1) : number
        withUnsafeBytes(of: value.littleEndian) { result.append(contentsOf: $0.prefix(type.byteCount)) }
        return true
    }
}

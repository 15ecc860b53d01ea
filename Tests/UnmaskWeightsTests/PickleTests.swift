import Testing
import UnmaskWeights

/// Pickles that mean harm end with an error, soon and in little memory.
@Suite struct PickleTests {
    private func cause(_ pickle: [UInt8]) throws -> WeightsError.Cause {
        let folder = try TemporaryFolder()
        let path = try folder.write(ZipBuilder([("x/data.pkl", pickle)]).bytes)
        return try weightsError { _ = try TorchFile(path: path) }.cause
    }

    private func text(_ instructions: String) -> [UInt8] { [0x80, 2] + Array(instructions.utf8) }

    @Test func malformedPickles() throws {
        #expect(try cause([0x80, 6, 0x4E, 0x2E]) == .pickleProtocol)
        #expect(try cause([0x80, 0, 0x4E, 0x2E]) == .pickleProtocol)
        #expect(try cause(text("I1\n.")) == .pickleOpcode)
        #expect(try cause([0x80, 2, 0x82, 1, 0x2E]) == .pickleOpcode)
        #expect(try cause(text(".")) == .pickleInvalid)
        #expect(try cause(text("t.")) == .pickleInvalid)
        #expect(try cause(text("N(R.")) == .pickleInvalid)
        #expect(try cause(text("NNa.")) == .pickleInvalid)
        #expect(try cause(text("}(Nu.")) == .pickleInvalid)
        #expect(try cause(text("h\u{7}.")) == .pickleInvalid)
        #expect(try cause([0x80, 4, 0x4E, 0x4E, 0x93, 0x2E]) == .pickleInvalid)
        #expect(try cause(text("N")) == .pickleTruncated)
        #expect(try cause(text("cposix\n")) == .pickleTruncated)
        #expect(try cause(text("}.")) == .torchNoStateDict)
        #expect(try cause(text("N.")) == .torchNoStateDict)
    }

    @Test func anUnknownInstructionIsGivenWithItsOffset() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(ZipBuilder([("x/data.pkl", text("NN\u{7F}."))]).bytes)
        let error = try weightsError { _ = try TorchFile(path: path) }
        // 30 bytes of local header and 10 of its name, then four of pickle.
        #expect(error.description.contains("byte 44") && error.description.contains("0x7f"), "\(error)")
    }

    @Test func lengthsBeyondTheFileAllocateNothing() throws {
        #expect(try cause([0x80, 2, 0x58] + UInt32.max.littleEndianBytes) == .pickleTruncated)
        #expect(try cause([0x80, 4, 0x8D] + UInt64.max.littleEndianBytes) == .pickleInvalid)
        #expect(try cause([0x80, 4, 0x8D] + UInt64(1 << 62).littleEndianBytes) == .pickleTruncated)
        #expect(try cause([0x80, 4, 0x8E] + UInt64(1 << 40).littleEndianBytes) == .pickleTruncated)
        #expect(try cause([0x80, 2, 0x8B] + Int32.max.littleEndianBytes) == .pickleTruncated)
        #expect(try cause([0x80, 2, 0x8B] + Int32(-1).littleEndianBytes) == .pickleInvalid)
    }

    @Test func bombs() throws {
        // A billion laughs: lists of ten times the list before.
        let laughs =
            "]q\u{0}"
            + (1..<60).map {
                "](" + String(repeating: "h\(Character(Unicode.Scalar($0 - 1)!))", count: 10)
                    + "eq\(Character(Unicode.Scalar($0)!))"
            }.joined() + "."
        #expect(try cause(text(laughs)) == .torchNoStateDict)
        // A list in itself, a dictionary that is its own state dict.
        #expect(try cause(text("]q\u{0}h\u{0}a.")) == .torchNoStateDict)
        #expect(
            try cause(text("}q\u{0}") + PickleBuilder.string("model") + text("h\u{0}s.").dropFirst(2))
                == .torchNoStateDict)
        // Nested a million deep less one, which must not exhaust the stack when freed either.
        let deep =
            Array(repeating: UInt8(ascii: "]"), count: 1_000_000) + Array(repeating: UInt8(ascii: "a"), count: 999_999)
        #expect(try cause(text("") + deep + [0x2E]) == .torchNoStateDict)
        #expect(try cause(text("") + Array(repeating: UInt8(ascii: "]"), count: 3_000_000)) == .pickleLimit)
        #expect(try cause(text("N") + Array(repeating: UInt8(ascii: "2"), count: 5_000_000)) == .pickleLimit)
        #expect(try cause(text("") + Array(repeating: UInt8(ascii: "("), count: 5_000_000)) == .pickleLimit)
        #expect(try cause(text("c") + Array(repeating: UInt8(ascii: "x"), count: 5_000)) == .pickleLimit)
        // One long name, memoised, joined to others again and again.
        let name = PickleBuilder.string(String(repeating: "n", count: 500))
        let join = Array(repeating: [0x68, 0, 0x68, 0, 0x93] as [UInt8], count: 200_000).joined()
        #expect(try cause([0x80, 4] + name + [0x71, 0] + join) == .pickleLimit)
    }
}

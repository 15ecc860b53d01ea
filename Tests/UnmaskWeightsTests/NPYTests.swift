import Foundation
import Testing
import UnmaskGraph
import UnmaskWeights

@Suite struct NPYTests {
    @Test func arraysOfNumPyAreRead() throws {
        let array = try NPYFile(path: Fixture.path("array-f4.npy")).tensor
        #expect(array.shape == [4, 2, 3])
        #expect(array.floats() == (0..<24).map { Float($0) / 7 })
        #expect(try NPYFile(path: Fixture.path("array-version2.npy")).tensor.floats() == array.floats())
        #expect(try NPYFile(path: Fixture.path("array-scalar.npy")).tensor.shape == [])
        #expect(try NPYFile(path: Fixture.path("array-f8.npy")).tensor.floats() == [0, 1, 2, 3, 4, 5])
        for (name, type) in [("u1", ElementType.u8), ("i1", .i8), ("i4", .i32), ("i8", .i64)] {
            let tensor = try NPYFile(path: Fixture.path("array-\(name).npy")).tensor
            #expect(tensor.type == type && tensor.shape == [2, 3])
            #expect(tensor.withBytes { $0[5 * type.byteCount] } == 5)
        }
    }

    @Test func rowsThatAreStreamedGiveTheFileOfNumPy() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a.npy"
        let writer = try NPYWriter(path: path, type: .f32, rowShape: [2, 3])
        let values = (0..<24).map { Float($0) / 7 }
        for row in 0..<4 { try writer.append(Array(values[row * 6..<(row + 1) * 6])) }
        #expect(!FileManager.default.fileExists(atPath: path))
        try writer.finish()
        #expect(try folder.contents == ["a.npy"])
        // The dictionary and the data; the padding between them is longer, to leave room for the count.
        let ours = try Data(contentsOf: URL(filePath: path))
        let numpys = Data(try Fixture.bytes("array-f4.npy"))
        let data = ours.count - 96
        #expect(data.isMultiple(of: 64) && ours.suffix(96) == numpys.suffix(96))
        func dictionary(_ file: Data) -> String {
            String(decoding: file.prefix(file.count - 96).dropFirst(10), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        #expect(dictionary(ours) == dictionary(numpys))
        #expect(try NPYFile(path: path).tensor.floats() == values)
    }

    @Test func manyRowsOfEveryType() throws {
        let folder = try TemporaryFolder()
        func write<Number: NPYNumber>(_ numbers: [Number]) throws {
            let path = "\(folder.path)/x.npy"
            let writer = try NPYWriter(path: path, type: Number.elementType, rowShape: [])
            try writer.append(numbers)
            try writer.append([Number]())
            try writer.append(numbers)
            try writer.finish()
            let tensor = try NPYFile(path: path).tensor
            #expect(tensor.shape == [2 * numbers.count] && tensor.type == Number.elementType)
            #expect(tensor.withBytes { Array($0) } == (numbers + numbers).withUnsafeBytes { Array($0) })
        }
        try write((0..<100_000).map { Float($0) })
        try write((0..<100).map { Double($0) })
        try write([UInt8](0...255))
        try write([Int8](-128...127))
        try write((0..<100).map { Int32($0) })
        try write([Int64]())
    }

    @Test func aWriterThatIsLetGoLeavesNothing() throws {
        let folder = try TemporaryFolder()
        do {
            let writer = try NPYWriter(path: "\(folder.path)/a.npy", type: .f32, rowShape: [2])
            try writer.append([Float](repeating: 1, count: 100_000))
            #expect(try weightsError { try writer.append([Float](repeating: 1, count: 3)) }.cause == .rowLength)
            #expect(try weightsError { try writer.append([UInt8](repeating: 1, count: 8)) }.cause == .rowElementType)
        }
        #expect(try folder.contents.isEmpty)
    }

    @Test func malformedFiles() throws {
        let folder = try TemporaryFolder()
        func cause(_ header: String, data: Int, version: UInt8 = 1) throws -> WeightsError.Cause {
            let bytes = [0x93] + Array("NUMPY".utf8) + [version, 0] + UInt16(header.utf8.count).littleEndianBytes
            let path = try folder.write(bytes + Array(header.utf8) + [UInt8](repeating: 0, count: data))
            return try weightsError { _ = try NPYFile(path: path) }.cause
        }
        func header(_ descriptor: String = "<f4", _ shape: String = "(2,)") -> String {
            "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(shape), }"
        }
        #expect(try cause(header(), data: 7) == .npyLength)
        #expect(try cause(header(), data: 9) == .npyLength)
        #expect(try cause(header(">f4"), data: 8) == .elementTypeUnsupported)
        #expect(try cause(header("|O"), data: 8) == .elementTypeUnsupported)
        #expect(try cause(header("<f4", "(4294967296, 4294967296)"), data: 8) == .shapeOverflow)
        #expect(try cause(header("<f4", "(99999999999999999999,)"), data: 8) == .npyHeader)
        #expect(try cause(header("<f4", "(-2,)"), data: 8) == .npyHeader)
        #expect(try cause(header("<f4", "(1 2,)"), data: 48) == .npyHeader)
        for shape in ["(0, 4294967296, 4294967296)", "(4294967296, 0, 4294967296)", "(4294967296, 4294967296, 0)"] {
            #expect(try cause(header("<f4", shape), data: 0) == .shapeOverflow, "\(shape)")
        }
        #expect(try cause("{}", data: 8) == .npyHeader)
        #expect(try cause(header(), data: 8, version: 9) == .npyHeader)
        #expect(
            try weightsError { _ = try NPYFile(path: Fixture.path("array-fortran.npy")) }.cause == .npyFortranOrder)
    }
}

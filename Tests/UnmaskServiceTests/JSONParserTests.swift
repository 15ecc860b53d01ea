import Foundation
import NIOCore
import Testing

@testable import UnmaskService

@Suite struct JSONParserTests {
    private func parse(_ bytes: some Sequence<UInt8>) throws(ServiceError) -> JSONValue {
        try ByteBuffer(bytes: bytes).withUnsafeReadableBytes { bytes throws(ServiceError) in
            try JSONParser.parse(bytes)
        }
    }

    @Test func readsEveryKindOfValue() throws {
        let text = #" {"a":[1,-0.5e+3,true,false,null],"b":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é","":{}} "#
        let expected: JSONValue = .object([
            "a": .array([.number("1"), .number("-0.5e+3"), .bool(true), .bool(false), .null]),
            "b": .string("\"\\/\u{8}\u{c}\n\r\té😀é"),
            "": .object([:]),
        ])
        #expect(try parse(text.utf8) == expected)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "nul", "truer", "01", "1.", ".5", "-", "1e", "+1",
        "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"tab\there\"", "\"open",
        "[1 2]", "1 2", "NaN", "Infinity", "'a'", "\u{FEFF}1",
    ])
    func refuses(text: String) {
        #expect(throws: ServiceError.self) { try parse(text.utf8) }
    }

    @Test func namesWhatFoundationLetsPass() {
        func reason(_ bytes: some Sequence<UInt8>) -> String {
            do throws(ServiceError) {
                return "\(try parse(bytes))"
            } catch {
                return error.type == .parseError ? error.message : "\(error)"
            }
        }
        #expect(reason(#"{"a":1,"\u0061":2}"#.utf8).contains("\"a\" appears twice"))
        #expect(reason(String(repeating: "[", count: 100_000).utf8).contains("nested deeper"))
        #expect(reason(("[" + String(repeating: "0,", count: 70_000) + "0]").utf8).contains("more than 65536 values"))
        #expect(reason([0x22, 0xC3, 0x28, 0x22]).contains("not UTF-8"))
        #expect(reason([0x22, 0xED, 0xA0, 0x80, 0x22]).contains("not UTF-8"))
    }

    @Test func hugeNumbersKeepTheirTextAndNeverBecomeOtherNumbers() throws {
        let digits = String(repeating: "9", count: 400)
        let value = try parse(digits.utf8)
        #expect(value == .number(digits))
        #expect(value.integer == nil)
        #expect(value.double == nil)
        #expect(try parse("9007199254740993".utf8).integer == 9_007_199_254_740_993)
        #expect(try parse("1e400".utf8).double == nil)
    }

    /// Differential: what both accept means the same, and what Foundation refuses is refused.
    @Test func agreesWithFoundationOnMutatedRequests() throws {
        let seed = Array(#"{"id":1,"method":"embed","params":{"a":[{"b":"YQ=="}],"c":0.25,"x":[true,null,-1e2]}}"#.utf8)
        var generator = SplitMix(state: 7)
        var bothAccepted = 0
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = Array(#"{}[]":,0123456789.eE+-\utnrfals "#.utf8).randomElement(using: &generator) ?? 0
            }
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
            let ours = try? parse(bytes)
            if let theirs, let ours {
                bothAccepted += 1
                #expect(ours.isEqual(toFoundation: theirs), "\(String(decoding: bytes, as: UTF8.self))")
            } else if theirs == nil {
                #expect(ours == nil, "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(bothAccepted > 1000)
    }

    @Test func whatTheWriterWritesTheParserReads() throws {
        var writer = JSONWriter()
        let text = String(decoding: 0..<128, as: UTF8.self) + "é😀"
        let floats: [Float] = [
            0, -0.0, 1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1, .nan, .infinity, -.infinity,
        ]
        writer.object { json in
            json.field(text, text)
            json.key("floats")
            json.array(of: floats) { $0.value($1) }
        }
        guard case .object(let members) = try parse(writer.buffer.readableBytesView),
            case .array(let numbers)? = members["floats"]
        else {
            Issue.record("not an object with an array")
            return
        }
        #expect(members[text] == .string(text))
        for (number, float) in zip(numbers, floats) {
            if case .number(let literal) = number {
                #expect(Float(literal)?.bitPattern == float.bitPattern)
            } else {
                #expect(number == .null && !float.isFinite)
            }
        }
    }
}

extension JSONValue {
    fileprivate func isEqual(toFoundation other: Any) -> Bool {
        switch self {
        case .null: other is NSNull
        case .bool(let value): (other as? Bool) == value
        case .string(let value): (other as? String) == value
        case .number(let text): (other as? NSNumber)?.doubleValue == Double(text)
        case .array(let values):
            (other as? [Any]).map { other in
                other.count == values.count && zip(values, other).allSatisfy { $0.isEqual(toFoundation: $1) }
            } ?? false
        case .object(let members):
            (other as? [String: Any]).map { other in
                other.count == members.count
                    && members.allSatisfy { key, value in other[key].map(value.isEqual(toFoundation:)) ?? false }
            } ?? false
        }
    }
}

import Foundation
import Testing

@testable import unmask

/// How folders find their classes.
@Suite struct ClassPairingTests {
    private static let labels = ["T-shirt/top", "Ankle boot", "Bag"]

    private static func pairs(
        _ names: [String], _ classes: [String] = labels, _ rule: PairingRule = .names
    ) throws -> [String: Int] {
        try ClassPairing(names, with: classes, by: rule, place: "data").numbers
    }

    @Test(
        "by name, also as a folder can be called, in other case and punctuation",
        arguments: [
            ["T-shirt/top", "Bag"], ["T-shirt_top", "Bag"], ["T-shirt%2Ftop", "bag"], ["tshirt_TOP", "BAG"],
        ])
    func names(_ names: [String]) throws {
        #expect(try Self.pairs(names) == [names[0]: 0, names[1]: 2])
    }

    @Test("numbers count where no folder has a name", arguments: [["2", "0"], ["LABEL_2", "label_0"], ["02", "00"]])
    func numbers(_ names: [String]) throws {
        let pairing = try ClassPairing(names, with: Self.labels, by: .names, place: "data")
        #expect(pairing.numbers == [names[0]: 2, names[1]: 0])
        #expect(pairing.remark?.contains("\(names[0]) is Bag") ?? false)
        #expect(try Self.pairs(names, ["LABEL_0", "LABEL_1", "LABEL_2"]) == pairing.numbers)
    }

    @Test("a label that is a number is that name, not that place")
    func labelsThatAreNumbers() throws {
        #expect(try Self.pairs(["10", "3"], ["3", "5", "10"]) == ["10": 2, "3": 0])
    }

    @Test(
        "what is no class is refused with both lists",
        arguments: [
            ["Bag", "Dress"], ["Bag", "0"], ["0", "3"], ["Bag", "bag"], ["cat", "dog", "owl"], ["0", "00"],
        ])
    func mismatches(_ names: [String]) throws {
        let mismatch = #expect(throws: PairingMismatch.self) { try Self.pairs(names) }
        let text = mismatch?.description ?? ""
        for name in names + Self.labels { #expect(text.contains(name), "\(text)") }
    }

    @Test("of labels that fold to one, the exact name counts and another is refused")
    func ambiguousLabels() throws {
        #expect(try Self.pairs(["C", "C++"], ["C", "C++", "C#"]) == ["C": 0, "C++": 1])
        #expect(throws: PairingMismatch.self) { try Self.pairs(["c"], ["C", "C++", "C#"]) }
        #expect(throws: PairingMismatch.self) { try Self.pairs(["crane"], ["crane", "crane"]) }
    }

    @Test("by order only where there are as many, and aloud")
    func order() throws {
        let pairing = try ClassPairing(["c", "a", "b"], with: Self.labels, by: .order, place: "data")
        #expect(pairing.numbers == ["a": 0, "b": 1, "c": 2])
        #expect(pairing.remark == "paired by order: a is T-shirt/top, b is Ankle boot, c is Bag")
        #expect(throws: PairingMismatch.self) { try Self.pairs(["a", "b"], Self.labels, .order) }
    }

    @Test(
        "by a file",
        arguments: [
            #"{"boots":"Ankle boot","shoes":1,"bags":2,"junk":null}"#,
            "boots,Ankle boot\r\nshoes,1\nbags,\"Bag\"\n\njunk,\n",
        ])
    func map(_ text: String) throws {
        let folder = try TemporaryFolder()
        let map = try ClassMap(path: try folder.write("map", text.utf8))
        #expect(
            try Self.pairs(["boots", "shoes", "bags", "junk"], Self.labels, .map(map))
                == ["boots": 1, "shoes": 1, "bags": 2])
        let error = #expect(throws: PairingMismatch.self) { try Self.pairs(["boots", "new"], Self.labels, .map(map)) }
        #expect(error?.description.contains("new is not in it") ?? false)
    }

    @Test(
        "a file that says nothing that can be followed is refused",
        arguments: [#"{"boots":"Boot"}"#, #"{"boots":7}"#, "boots,7", "boots", #"{"boots":[1]}"#, "boots,1\nboots,2"])
    func badMaps(_ text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("map", text.utf8)
        #expect(throws: (any Error).self) {
            try Self.pairs(["boots"], Self.labels, .map(ClassMap(path: path)))
        }
    }
}

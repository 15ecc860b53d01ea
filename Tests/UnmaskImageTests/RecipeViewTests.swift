import Testing

@testable import UnmaskImage

/// Where an image lies in what a model sees, against the pixels that the recipe itself makes.
@Suite struct RecipeViewTests {
    private static let recipes: [Recipe] = {
        let (mean, std): ([Float], [Float]) = ([0], [1])
        let named = Recipe.Name.allCases.compactMap { try? Recipe($0, height: 64, width: 64, mean: mean, std: std) }
        let tall = try? Recipe(.squash, height: 96, width: 48, mean: mean, std: std)
        let padded = try? Recipe(
            resize: .contain(.fraction(1)), filter: .bilinear, crop: Crop(), height: 64, width: 64, mean: mean, std: std
        )
        let longest = try? Recipe(
            resize: .longest(40), filter: .bilinear, crop: Crop(.corner), height: 64, width: 64, mean: mean, std: std)
        return named + [tall, padded, longest].compactMap(\.self)
    }()

    private static let sizes = [(120, 200), (200, 120), (130, 130), (97, 151)]

    /// An image that is brighter from left to right, or from top to bottom, by its place alone.
    private static func ramp(_ width: Int, _ height: Int, isAcross: Bool) -> PixelImage {
        PixelImage(
            width: width, height: height, channels: 1,
            pixels: (0..<height).flatMap { y in
                (0..<width).map { x in UInt8(255 * (isAcross ? x : y) / ((isAcross ? width : height) - 1)) }
            })
    }

    @Test("a pixel of the model's is where the view says that it is", arguments: recipes.indices, [true, false])
    func places(_ index: Int, isAcross: Bool) throws {
        let recipe = Self.recipes[index]
        for (width, height) in Self.sizes {
            let seen = try recipe.apply(to: Self.ramp(width, height, isAcross: isAcross))
            let view = try RecipeView(recipe, width: width, height: height)
            let (axis, count) = isAcross ? (view.columns, width) : (view.rows, height)
            // In the middle of what is seen of the other side, and away from the border, where filters look beyond.
            let side = isAcross ? recipe.width : recipe.height
            let (other, otherSide) = isAcross ? (view.rows, recipe.height) : (view.columns, recipe.width)
            let visible = (0..<otherSide).filter { other.pixel(atShare: (Double($0) + 0.5) / Double(otherSide)) != nil }
            let middle = visible[visible.count / 2]
            for place in 2..<side - 2 {
                let share = (Double(place) + 0.5) / Double(side)
                let pixel =
                    isAcross ? seen.pixels[middle * seen.width + place] : seen.pixels[place * seen.width + middle]
                let far = [-2.0, 2].allSatisfy { axis.pixel(atShare: share + $0 / Double(side)) != nil }
                guard let found = axis.pixel(atShare: share), far else { continue }
                let expected = 255 * Double(found) / Double(count - 1)
                let tolerance = 255 / Double(count) + 255 / Double(side) / 2 + 2
                #expect(abs(Double(pixel) - expected) < tolerance, "\(recipe.label) \(width) × \(height) at \(place)")
                // And back: the image's pixel lies on that one, or the next.
                let back = try #require(axis.share(ofPixel: found))
                #expect(abs(back - share) * Double(side) < 1 + Double(side) / Double(count))
            }
        }
    }

    @Test("what a recipe crops is not seen, and padding is no pixel")
    func borders() throws {
        let mae = try Recipe(.mae, height: 224, width: 224)
        let view = try RecipeView(mae, width: 512, height: 256)
        #expect(view.columns.shares.first == .some(nil) && view.rows.shares.first == .some(nil))
        #expect(view.rows.shares.compactMap(\.self).count == 224 && view.columns.shares.compactMap(\.self).count == 224)
        let padded = try RecipeView(Self.recipes[Self.recipes.count - 2], width: 200, height: 100)
        #expect(padded.rows.pixel(atShare: 0.1) == nil && padded.rows.pixel(atShare: 0.5) == 50)
        #expect(padded.rows.shares.allSatisfy { $0 != nil } && padded.columns.shares.allSatisfy { $0 != nil })
    }

    @Test("a recipe at several times its size shows the same view", arguments: recipes.indices)
    func scaled(_ index: Int) throws {
        let recipe = Self.recipes[index]
        for (width, height) in Self.sizes {
            let larger = try #require(recipe.scaled(by: 2))
            let (small, large) = (
                try recipe.apply(to: Self.ramp(width, height, isAcross: true)),
                try larger.apply(to: Self.ramp(width, height, isAcross: true))
            )
            #expect(large.width == 2 * small.width && large.height == 2 * small.height)
            for column in 4..<small.width - 4 {
                let row = small.height / 2
                let mean =
                    (Int(large.pixels[2 * row * large.width + 2 * column])
                        + Int(large.pixels[2 * row * large.width + 2 * column + 1])) / 2
                let difference = abs(mean - Int(small.pixels[row * small.width + column]))
                // At the edge of a picture in its padding the filters differ.
                let start = 2 * row * large.width + 2 * column
                let isInside = large.pixels[start - 4] > 0 && large.pixels[start + 5] > 0
                #expect(
                    difference <= 8 || !isInside, "\(recipe.label) \(width) × \(height): \(difference) at \(column)")
            }
        }
        #expect(
            try Recipe(resize: .none, filter: .box, crop: Crop(), height: 8, width: 8, mean: [0], std: [1]).scaled(
                by: 2) == nil)
    }

    @Test("numbers of a mask come back from its PNG, in colours that tell them apart")
    func labelMaps() throws {
        let map = LabelMap(width: 16, height: 16, numbers: (0...255).map { UInt8($0) })
        let encoded = try map.pngData()
        #expect(try LabelMap(png: encoded) == map)
        let colours = try PixelImage.decode(encoded).pixels
        #expect(Array(colours[..<12]) == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0], "as PASCAL VOC has them")
        let different = Set((0..<256).map { (number: Int) -> [UInt8] in Array(colours[number * 3..<number * 3 + 3]) })
        #expect(different.count == 256)
        #expect(throws: ImageError.self) {
            try LabelMap(png: PixelImage(width: 2, height: 1, channels: 3, pixels: [0, 0, 0, 1, 1, 1]).pngData())
        }
    }
}

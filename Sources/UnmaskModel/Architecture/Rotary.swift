internal import Foundation

/// Rotary positions (Su et al. 2021) of a grid of patches: half of a head's pairs turn with the row, half with the column.
public struct Rotary: Sendable, Hashable, Codable {
    public enum Coordinates: Sendable, Hashable, Codable {
        /// Places are counted from `offset`; where there is a reference grid `[rows, columns]`, stretched to it.
        case counted(offset: Float, reference: [Int]?)
        /// From -1 to 1 over the image, a patch's being its middle; a period of 1 is a full turn.
        case centred
        /// Counted, with frequencies that each block learned for each of its heads, in the parameter `rope.freqs`
        /// `[2, depth, heads, d/2]` (Heo et al. 2024).
        case learned
    }

    public var coordinates: Coordinates
    /// Frequencies fall from 1 to almost 1 / temperature.
    public var temperature: Float
    /// Whether columns come before rows.
    public var columnsFirst: Bool
    /// Whether the numbers of a pair stand half a head apart; else they follow one another.
    public var halves: Bool

    public init(_ coordinates: Coordinates, temperature: Float, columnsFirst: Bool, halves: Bool) {
        self.coordinates = coordinates
        self.temperature = temperature
        self.columnsFirst = columnsFirst
        self.halves = halves
    }

    static let frequencies = "rope.freqs"

    /// The angles of every patch, `[groups, rows · columns, headWidth / 2]`.
    /// - Parameter learned: of one block, [2, heads, headWidth / 2], where they are learned.
    func angles(grid: [Int], headWidth: Int, learned: [Float] = []) -> [Double] {
        let bands = headWidth / 4
        let axes = columnsFirst ? [1, 0] : [0, 1]
        let groups = coordinates == .learned ? learned.count / max(headWidth, 1) : 1
        var angles: [Double] = []
        angles.reserveCapacity(groups * grid[0] * grid[1] * headWidth / 2)
        for group in 0..<groups {
            for patch in 0..<grid[0] * grid[1] {
                let place = axes.map { coordinate($0 == 0 ? patch / grid[1] : patch % grid[1], of: grid, axis: $0) }
                if coordinates == .learned {
                    let half = headWidth / 2
                    for pair in 0..<half {
                        let (first, second) = (learned[group * half + pair], learned[(groups + group) * half + pair])
                        angles.append(place[0] * Double(first) + place[1] * Double(second))
                    }
                } else {
                    for coordinate in place {
                        for band in 0..<bands {
                            angles.append(coordinate * pow(Double(temperature), -Double(band) / Double(bands)))
                        }
                    }
                }
            }
        }
        return angles
    }

    private func coordinate(_ index: Int, of grid: [Int], axis: Int) -> Double {
        let size = Double(grid[axis])
        switch coordinates {
        case .counted(let offset, let reference):
            let place = Double(index) + Double(offset)
            return reference.map { place / size * Double($0[axis]) } ?? place
        case .centred: return 2 * Double.pi * (2 * (Double(index) + 0.5) / size - 1)
        case .learned: return Double(index)
        }
    }
}

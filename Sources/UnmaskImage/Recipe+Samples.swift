extension Recipe {
    /// The number that the model sees for a byte of a channel.
    package func value(of byte: UInt8, channel: Int) -> Double {
        (Double(byte) * rescale + offset - Double(mean[channel])) / Double(std[channel])
    }

    /// The byte, not rounded, that the model would see as that number.
    package func sample(of value: Double, channel: Int) -> Double {
        (value * Double(std[channel]) + Double(mean[channel]) - offset) / rescale
    }

    /// (b · rescale + offset - mean) / std as a scale and a shift of each of so many values, the channel fastest.
    package func scaleShift(values: Int) -> (scale: [Float], shift: [Float]) {
        let scale = (0..<values).map { Float(rescale / Double(std[$0 % channels])) }
        let shift = (0..<values).map { Float((offset - Double(mean[$0 % channels])) / Double(std[$0 % channels])) }
        return (scale, shift)
    }

    /// As stamps have it: the label, and what is done with samples where that is not what usually goes with the name.
    /// Vectors of equal stamps saw equal numbers.
    package var stamp: String {
        guard let name, let usual = try? Recipe(name, height: height, width: width), usual.reading(reading) == self
        else {
            return "\(label) \(sampleLabel)"
        }
        return label
    }
}

import Cryptography

/// F97: whether the time of a comparison tells how far a guess was right: Welch's t between guesses that are wrong in the first
/// byte and guesses that are wrong in the last, as dudect does (Reparaz, Balasch and Verbauwhede, 2017).
///
/// Below 4.5 nothing can be told from so many measurements; an ordinary comparison in the same run shows that it could.
enum ConstantTimeBenchmark {
    /// How many comparisons one measurement takes, so that the clock's own steps do not hide them.
    private static let batch = 32

    static func run(measurements: Int) {
        let secret = [UInt8](repeating: 0x5A, count: 32)
        var early = secret
        var late = secret
        early[0] ^= 1
        late[31] ^= 1
        let ours = statistic(measurements, early, late) { constantTimeEquals($0, secret) }
        let ordinary = statistic(measurements, early, late) { $0 == secret }
        Figures.line(
            "comparing secrets: |t| \(Figures.rounded(ours)) over \(measurements) measurements; an ordinary comparison has"
                + " \(Figures.rounded(ordinary)) (above 4.5 a guess can be told by its time)"
        )
    }

    private static func statistic(
        _ measurements: Int,
        _ early: [UInt8],
        _ late: [UInt8],
        _ compare: ([UInt8]) -> Bool
    ) -> Double {
        var random = SystemRandomNumberGenerator()
        var times: (early: [Double], late: [Double]) = ([], [])
        for _ in 0..<measurements {
            // Drawn anew each time, so that what the machine does besides falls on both alike.
            let isEarly = random.next() & 1 == 0
            let guess = isEarly ? early : late
            let start = ContinuousClock.now
            var matches = 0
            for _ in 0..<batch where compare(guess) { matches += 1 }
            let time = Double((ContinuousClock.now - start) / .nanoseconds(1))
            precondition(matches == 0, "a wrong guess was taken")
            if isEarly { times.early.append(time) } else { times.late.append(time) }
        }
        // What was interrupted says nothing about the comparison.
        let limit = Figures.percentile(times.early + times.late, 0.95)
        return abs(welch(times.early.filter { $0 <= limit }, times.late.filter { $0 <= limit }))
    }

    private static func welch(_ left: [Double], _ right: [Double]) -> Double {
        func moments(_ values: [Double]) -> (mean: Double, error: Double) {
            let count = Double(max(2, values.count))
            let mean = values.reduce(0, +) / count
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
            return (mean, variance / count)
        }
        let (one, other) = (moments(left), moments(right))
        let error = (one.error + other.error).squareRoot()
        return error == 0 ? 0 : (one.mean - other.mean) / error
    }
}

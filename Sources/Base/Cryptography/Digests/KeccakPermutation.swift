/// The permutation Keccak-f[1600] (Bertoni, Daemen, Peeters, Van Assche: "The Keccak reference", version 3.0, 1.2).
///
/// A state is 25 lanes of 64 bits, lane (x, y) at index x + 5·y.
enum KeccakPermutation {
    /// The lanes of a state.
    static let lanes = 25

    /// The constants of the step iota, one a round.
    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]

    /// Permutes the 25 lanes at `state`, with 25 more at `scratch` to work in.
    static func permute(_ state: UnsafeMutablePointer<UInt64>, scratch: UnsafeMutablePointer<UInt64>) {
        // The number of rounds is even. With two rounds at a time, the result ends where it began and is never copied.
        unsafe roundConstants.withUnsafeBufferPointer { constants in
            var index = 0
            while index < constants.count {
                unsafe round(from: state, to: scratch, constants[index])
                unsafe round(from: scratch, to: state, constants[index + 1])
                index += 2
            }
        }
    }

    /// One round: theta, then rho, pi and chi by rows of the result, then iota.
    @inline(__always)
    private static func round(
        from a: UnsafeMutablePointer<UInt64>,
        to b: UnsafeMutablePointer<UInt64>,
        _ constant: UInt64
    ) {
        let c0 = unsafe a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20]
        let c1 = unsafe a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]
        let c2 = unsafe a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22]
        let c3 = unsafe a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]
        let c4 = unsafe a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]
        let d0 = c4 ^ rotate(c1, by: 1)
        let d1 = c0 ^ rotate(c2, by: 1)
        let d2 = c1 ^ rotate(c3, by: 1)
        let d3 = c2 ^ rotate(c4, by: 1)
        let d4 = c3 ^ rotate(c0, by: 1)

        let r00 = unsafe a[0] ^ d0
        let r01 = unsafe rotate(a[6] ^ d1, by: 44)
        let r02 = unsafe rotate(a[12] ^ d2, by: 43)
        let r03 = unsafe rotate(a[18] ^ d3, by: 21)
        let r04 = unsafe rotate(a[24] ^ d4, by: 14)
        unsafe b[0] = r00 ^ (~r01 & r02) ^ constant
        unsafe b[1] = r01 ^ (~r02 & r03)
        unsafe b[2] = r02 ^ (~r03 & r04)
        unsafe b[3] = r03 ^ (~r04 & r00)
        unsafe b[4] = r04 ^ (~r00 & r01)

        let r10 = unsafe rotate(a[3] ^ d3, by: 28)
        let r11 = unsafe rotate(a[9] ^ d4, by: 20)
        let r12 = unsafe rotate(a[10] ^ d0, by: 3)
        let r13 = unsafe rotate(a[16] ^ d1, by: 45)
        let r14 = unsafe rotate(a[22] ^ d2, by: 61)
        unsafe b[5] = r10 ^ (~r11 & r12)
        unsafe b[6] = r11 ^ (~r12 & r13)
        unsafe b[7] = r12 ^ (~r13 & r14)
        unsafe b[8] = r13 ^ (~r14 & r10)
        unsafe b[9] = r14 ^ (~r10 & r11)

        let r20 = unsafe rotate(a[1] ^ d1, by: 1)
        let r21 = unsafe rotate(a[7] ^ d2, by: 6)
        let r22 = unsafe rotate(a[13] ^ d3, by: 25)
        let r23 = unsafe rotate(a[19] ^ d4, by: 8)
        let r24 = unsafe rotate(a[20] ^ d0, by: 18)
        unsafe b[10] = r20 ^ (~r21 & r22)
        unsafe b[11] = r21 ^ (~r22 & r23)
        unsafe b[12] = r22 ^ (~r23 & r24)
        unsafe b[13] = r23 ^ (~r24 & r20)
        unsafe b[14] = r24 ^ (~r20 & r21)

        let r30 = unsafe rotate(a[4] ^ d4, by: 27)
        let r31 = unsafe rotate(a[5] ^ d0, by: 36)
        let r32 = unsafe rotate(a[11] ^ d1, by: 10)
        let r33 = unsafe rotate(a[17] ^ d2, by: 15)
        let r34 = unsafe rotate(a[23] ^ d3, by: 56)
        unsafe b[15] = r30 ^ (~r31 & r32)
        unsafe b[16] = r31 ^ (~r32 & r33)
        unsafe b[17] = r32 ^ (~r33 & r34)
        unsafe b[18] = r33 ^ (~r34 & r30)
        unsafe b[19] = r34 ^ (~r30 & r31)

        let r40 = unsafe rotate(a[2] ^ d2, by: 62)
        let r41 = unsafe rotate(a[8] ^ d3, by: 55)
        let r42 = unsafe rotate(a[14] ^ d4, by: 39)
        let r43 = unsafe rotate(a[15] ^ d0, by: 41)
        let r44 = unsafe rotate(a[21] ^ d1, by: 2)
        unsafe b[20] = r40 ^ (~r41 & r42)
        unsafe b[21] = r41 ^ (~r42 & r43)
        unsafe b[22] = r42 ^ (~r43 & r44)
        unsafe b[23] = r43 ^ (~r44 & r40)
        unsafe b[24] = r44 ^ (~r40 & r41)
    }

    @inline(__always)
    private static func rotate(_ lane: UInt64, by bits: UInt64) -> UInt64 {
        lane &<< bits | lane &>> (64 &- bits)
    }
}

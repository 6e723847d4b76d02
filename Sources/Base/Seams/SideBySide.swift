/// Does a piece of work for each item, several at once.
///
/// - Parameters:
///   - items: the items. They hold identifiers by reference: Swift 6.3.1 miscompiles asynchronous closures whose 128-bit
///     arguments do not fit the registers.
///   - limit: how many are worked on at once; at least one.
///   - body: the work for one item.
/// - Returns: the results, in the order of the items.
package func sideBySide<Item: Sendable, Answer: Sendable>(
    _ items: [Item],
    atOnce limit: Int,
    _ body: @escaping @Sendable (Item) async -> Answer
) async -> [Answer] {
    await withTaskGroup(of: (Int, Answer).self) { group in
        var answers = [Answer?](repeating: nil, count: items.count)
        var next = 0
        func begin() {
            guard next < items.count else { return }
            let (place, item) = (next, items[next])
            next += 1
            group.addTask { (place, await body(item)) }
        }
        for _ in 0..<max(1, limit) { begin() }
        for await (place, answer) in group {
            answers[place] = answer
            begin()
        }
        return answers.compactMap { $0 }
    }
}

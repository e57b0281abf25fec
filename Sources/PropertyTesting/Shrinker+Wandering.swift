/// The last pass, for minima that no single edit leaves.
extension Shrinker {
  /// Walks at random among failing runs that are as short as the best, trying deletions on the way.
  ///
  /// Bounded by `tries`; deterministic, since the generator starts from the number of runs so far.
  mutating func wander(tries: Int) {
    var random = SplitMix64(seed: UInt64(runs))
    let before = improvements
    var plateau = [best]
    for _ in 0..<tries where !isSpent {
      let base = plateau[random.index(below: plateau.count)]
      guard let run = runOnce(Shrinker.edited(base, &random)) else { continue }
      if improvements > before { return }
      guard run.hasFailed, run.repetitions <= best.repetitions else { continue }
      if plateau.count < 64 { plateau.append(run) } else { plateau[random.index(below: 64)] = run }
    }
  }

  /// The draws of `run` without up to two spans, and with up to two other changes.
  private static func edited(_ run: Run, _ random: inout SplitMix64) -> [UInt64] {
    var list = run.values
    let groups = run.siblings
    var spans = groups.isEmpty ? [] : groups[random.index(below: groups.count)]
    for _ in 0..<random.index(below: 3) where spans.count > 1 {
      remove(random.index(below: spans.count), of: &spans, from: &list)
    }
    for _ in 0..<random.index(below: 3) where !list.isEmpty {
      if spans.count > 1, random.index(below: 3) == 0 {
        let draws = remove(random.index(below: spans.count), of: &spans, from: &list)
        insert(draws, at: random.index(below: spans.count + 1), of: &spans, into: &list)
      } else {
        let index = random.index(below: list.count)
        list[index] = random.next(upTo: index < run.maxima.count ? run.maxima[index] : 1)
      }
    }
    return list
  }

  @discardableResult
  private static func remove(
    _ index: Int, of spans: inout [Span], from list: inout [UInt64]
  ) -> [UInt64] {
    let span = spans.remove(at: index)
    let draws = Array(list[span.start..<span.end])
    list.removeSubrange(span.start..<span.end)
    for later in index..<spans.count { spans[later].shift(by: -draws.count) }
    return draws
  }

  private static func insert(
    _ draws: [UInt64], at index: Int, of spans: inout [Span], into list: inout [UInt64]
  ) {
    let place = index < spans.count ? spans[index].start : spans.last?.end ?? 0
    list.insert(contentsOf: draws, at: place)
    for later in index..<spans.count { spans[later].shift(by: draws.count) }
    spans.insert(Span(start: place, end: place + draws.count), at: index)
  }
}

extension Span {
  fileprivate mutating func shift(by count: Int) {
    start += count
    end += count
  }
}

/// The last pass, for minima that no single edit leaves.
extension Shrinker {
  /// Deletes one to three spans at random and changes a few other places at random, a bounded number of times.
  ///
  /// Deterministic: the generator starts from the number of runs so far.
  mutating func wander(tries: Int) {
    var random = SplitMix64(seed: UInt64(runs))
    guard !siblings.isEmpty else { return }
    for _ in 0..<tries where !isSpent {
      var list = best.values
      var spans = siblings[random.index(below: siblings.count)]
      for _ in 0...random.index(below: 3) where spans.count > 1 {
        let victim = spans.remove(at: random.index(below: spans.count))
        Shrinker.remove(victim, from: &list, spans: &spans)
      }
      for _ in 0..<random.index(below: 4) where !list.isEmpty {
        switch random.index(below: 3) {
        case 0 where spans.count > 1:
          // Move one span to another place.
          let moved = spans.remove(at: random.index(below: spans.count))
          let draws = Array(list[moved.start..<moved.end])
          Shrinker.remove(moved, from: &list, spans: &spans)
          let index = random.index(below: spans.count + 1)
          let place = index < spans.count ? spans[index].start : spans.last?.end ?? 0
          list.insert(contentsOf: draws, at: place)
          for later in index..<spans.count {
            spans[later].start += draws.count
            spans[later].end += draws.count
          }
          spans.insert(Span(start: place, end: place + draws.count), at: index)
        case 1:
          let index = random.index(below: list.count)
          list[index] = list[random.index(below: list.count)]
        default:
          let index = random.index(below: list.count)
          let largest = index < best.maxima.count ? best.maxima[index] : 1
          list[index] = random.next(upTo: largest)
        }
      }
      if attempt(list) { return }
    }
  }

  private static func remove(_ span: Span, from list: inout [UInt64], spans: inout [Span]) {
    let length = span.end - span.start
    list.removeSubrange(span.start..<span.end)
    for index in spans.indices where spans[index].start >= span.end {
      spans[index].start -= length
      spans[index].end -= length
    }
  }
}

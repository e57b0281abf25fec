/// The passes that keep the length and make the numbers smaller.
extension Shrinker {
  /// Lowers each draw: to 0, else by binary search, else by one.
  mutating func minimiseDraws() {
    var index = best.values.count - 1
    while index >= 0, !isSpent {
      if index < best.values.count, best.values[index] > 0, !set(index, to: 0) {
        // Between `low`, which passes, and the value, which fails.
        var low: UInt64 = 0
        while index < best.values.count, best.values[index] > low + 1, !isSpent {
          let middle = low + (best.values[index] - low) / 2
          if !set(index, to: middle) { low = middle }
        }
        while index < best.values.count, best.values[index] > 0,
          set(index, to: best.values[index] - 1)
        {}
      }
      index -= 1
    }
  }

  private mutating func set(_ index: Int, to value: UInt64) -> Bool {
    var candidate = best.values
    candidate[index] = value
    return attempt(candidate)
  }

  /// Moves spans forward past the one before, where that gives smaller numbers first.
  mutating func reorderSiblings() {
    var group = 0
    while group < siblings.count, !isSpent {
      var index = 1
      while group < siblings.count, index < siblings[group].count, !isSpent {
        var place = index
        while place > 0, group < siblings.count, place < siblings[group].count {
          let before = siblings[group][place - 1]
          let span = siblings[group][place]
          let first = best.values[before.start..<before.end]
          let second = best.values[span.start..<span.end]
          guard second.lexicographicallyPrecedes(first) else { break }
          var candidate = best.values
          candidate.replaceSubrange(
            before.start..<span.end, with: second + best.values[before.end..<span.start] + first)
          guard attempt(candidate) else { break }
          place -= 1
        }
        index += 1
      }
      group += 1
    }
  }

  /// Lowers one draw and raises a later one: sizes whose sum matters come to rest at the end.
  mutating func moveBetweenDraws() {
    for gap in 1...8 {
      var index = 0
      while index + gap < best.values.count, !isSpent {
        let value = best.values[index]
        if value > 0 {
          for amount in Set([value, value / 2, 1]).sorted(by: >) where amount > 0 {
            let (sum, overflow) = best.values[index + gap].addingReportingOverflow(amount)
            if overflow || sum > best.maxima[index + gap] { continue }
            var candidate = best.values
            candidate[index] -= amount
            candidate[index + gap] = sum
            if attempt(candidate) { break }
          }
        }
        index += 1
      }
    }
  }
}

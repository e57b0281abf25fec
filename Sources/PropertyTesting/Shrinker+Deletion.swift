/// The passes that make a run shorter.
extension Shrinker {
  /// Deletes spans that follow each other, many at once at first, from the last to the first.
  mutating func deleteSiblings() {
    var group = 0
    while group < siblings.count, !isSpent {
      var size = siblings[group].count / 2
      while size >= 1, !isSpent {
        var start = siblings[group].count - size
        while start >= 0, group < siblings.count, !isSpent {
          let spans = siblings[group]
          if start + size <= spans.count {
            var candidate = best.values
            candidate.removeSubrange(spans[start].start..<spans[start + size - 1].end)
            _ = attempt(candidate)
          }
          start -= size == 1 ? 1 : max(1, size / 2)
        }
        guard group < siblings.count else { break }
        size /= 2
      }
      group += 1
    }
  }

  /// Deletes draws that follow each other, eight at first, then seven, down to one, wherever they are.
  ///
  /// What comes before a deleted list is often its length, so the draw before is lowered by one as well.
  mutating func deleteChunks() {
    for size in (1...8).reversed() {
      var start = best.values.count - size
      while start >= 0, !isSpent {
        if start + size <= best.values.count {
          var candidate = best.values
          candidate.removeSubrange(start..<start + size)
          if !attempt(candidate), start > 0, candidate[start - 1] > 0 {
            candidate[start - 1] -= 1
            _ = attempt(candidate)
          }
        }
        start -= 1
      }
    }
  }

  /// Deletes one span and renumbers the handles behind it.
  ///
  /// Deleting the command that made an object shifts the numbers by which later commands name the others.
  /// Handles are told from other draws by what deletion does to them: their range changes.
  mutating func deleteAndRenumber() {
    var group = 0
    while group < siblings.count, !isSpent {
      var index = siblings[group].count - 1
      while index >= 0, group < siblings.count, !isSpent {
        let spans = siblings[group]
        if index < spans.count { deleteAndRenumber(spans[index], among: spans) }
        index -= 1
      }
      group += 1
    }
  }

  private mutating func deleteAndRenumber(_ span: Span, among commands: [Span]) {
    let old = best
    let shorter = old.without(span)
    let length = span.end - span.start
    guard let probe = probe(shorter) else { return }
    // A handle's range is smaller by one without the object, and larger by one without its removal.
    let end = min(old.values.count, probe.maxima.count + length)
    let handles = (span.end..<max(span.end, end)).filter {
      probe.maxima[$0 - length] != old.maxima[$0]
    }
    guard let first = handles.first else { return }
    let grows = probe.maxima[first - length] > old.maxima[first]
    let largest = handles.map { old.values[$0] }.max()!

    for removed in 0...min(largest, 64) {
      for follows in [false, true] {
        var number = removed
        var candidate = shorter
        var own: [Span] = []
        for handle in handles {
          let value = old.values[handle]
          if value > number || grows && value == number {
            candidate[handle - length] = grows ? value + 1 : value - 1
          } else if value == number {
            if let command = commands.first(where: { $0.start <= handle && handle < $0.end }) {
              own.append(command)
            }
          } else if follows, number > 0 {
            // The earlier object was removed, so the one we follow moved down.
            number -= 1
          }
        }
        if attempt(candidate) { return }
        if own.isEmpty { continue }
        // What was done with the deleted object goes with it.
        for command in Set(own).sorted(by: { $0.start > $1.start }) {
          candidate.removeSubrange(command.start - length..<command.end - length)
        }
        if attempt(candidate) { return }
      }
    }
  }

  /// Deletes one span, then two, and draws one other number anew: the way out of most local minima.
  ///
  /// Deleting a command shifts what others name by a number that is no handle, an address for example.
  /// Tries at most `tries` runs.
  mutating func deleteAndRedraw(tries: Int) {
    let limit = runs + tries
    for spans in siblings {
      for first in spans.indices.reversed() where runs < limit {
        if redraw(best.without(spans[first])) { return }
      }
    }
    for spans in siblings {
      for first in spans.indices.reversed() {
        for second in (0..<first).reversed() where runs < limit {
          var shorter = best.without(spans[first])
          shorter.removeSubrange(spans[second].start..<spans[second].end)
          if redraw(shorter) { return }
        }
      }
    }
  }

  /// Tries other values for each draw of `list` in turn: all of a few, else those that bugs are fond of.
  private mutating func redraw(_ list: [UInt64]) -> Bool {
    guard let probe = probe(list) else { return false }
    // Announcements only cut a run short, which other passes have tried.
    let announcements = Set(probe.siblings.joined().map(\.start))
    for index in probe.values.indices {
      let value = probe.values[index]
      let largest = probe.maxima[index]
      if largest == 1 && announcements.contains(index) { continue }
      let others =
        largest <= 16
        ? Array(0...largest)
        : [0, value > 0 ? value - 1 : 0, value < largest ? value + 1 : 0, largest / 2, largest]
      for other in others where other != value {
        var candidate = probe.values
        candidate[index] = other
        if attempt(candidate) { return true }
        if isSpent { return false }
      }
    }
    return false
  }
}

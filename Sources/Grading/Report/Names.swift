/// Helps somebody who mistyped a name.
public enum Names {
  /// The names nearest to `name`, by letters to change; nil where none is near.
  public static func nearest(to name: String, of names: [String]) -> String? {
    let wanted = name.lowercased()
    let ranked = names.map { (name: $0, distance: distance(wanted, $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    if best.distance <= max(2, wanted.count / 3) { return best.name }
    return names.first { !wanted.isEmpty && $0.lowercased().hasPrefix(wanted) }
  }

  /// Says that there is no `name` of its kind, names the nearest and lists the choices.
  public static func unknown(
    _ kind: String, _ name: String, of names: [String], context: String = "", place: String = ""
  ) -> String {
    let start =
      context.isEmpty
      ? "There is no \(kind) “\(name)”\(place)."
      : "\(context) the \(kind) “\(name)”, which does not exist."
    let guess = nearest(to: name, of: names).map { " Did you mean \($0)?" } ?? ""
    return start + guess + "\nThe \(kind)s\(place): " + names.joined(separator: ", ")
  }

  /// Letters to insert, delete, replace or swap with their neighbour to make `a` into `b`. O(a × b).
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          least = min(least, rows[i - 1][j - 1] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}

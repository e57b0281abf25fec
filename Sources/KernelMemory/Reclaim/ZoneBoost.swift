/// Nothing raises the watermarks yet.
extension Zone {
  var boost: Int { 0 }
  func reduceBoost(by pages: Int) {}
  func takeBoosted() -> Bool { false }
}

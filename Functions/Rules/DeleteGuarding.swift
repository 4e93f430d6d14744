/// Says how many deletes a rule may do before a person is asked. Safe from any task.
public protocol DeleteGuarding: Sendable {
    /// Takes one of what is left; false: there is none. What was taken is settled once.
    func reserve(rule: String) -> Bool
    /// What was taken has been done, or not.
    func settle(rule: String, isDone: Bool)
}
